/* flame.js - the flame graph: all calls, as wide as the time they took, callers above (icicle) or
 * below (flame) what they call.
 * SPDX-License-Identifier: MIT
 */
const Flame = (() => {
	const ROW = 19, view = { name: 'Flame' };
	let calls, canvas, bar, key = '', rows = [], begin, end, side = 1;

	/* Where each call lies on the axis of time, and a row a depth. */
	function layout() {
		const ns = calls.total[Model.diff ? side : 0], todo = [0];
		rows = [];
		begin = new Float64Array(calls.n);
		end = new Float64Array(calls.n);
		end[0] = ns[0];
		while (todo.length) {
			const c = todo.pop(), depth = calls.depth[c], kids = calls.children(c);
			rows[depth] = rows[depth] || new Row();
			rows[depth].push(begin[c], end[c], c);
			let at = begin[c];
			for (const k of kids) {
				begin[k] = at;
				end[k] = at += ns[k];
			}
			for (let i = kids.length; i--;)
				if (ns[kids[i]] > 0)
					todo.push(kids[i]);
		}
		canvas.tall(rows.length * ROW);
	}

	function y(depth) {
		const down = State.now.flame ? rows.length - 1 - depth : depth;
		const spare = State.now.flame ? Math.max(0, canvas.height - rows.length * ROW) : 0;
		return down * ROW + spare - canvas.top;
	}

	function fill(c) {
		const f = calls.fn(c);
		if (Search.now().on)
			return Colors.value(Search.hits(f) ? 'hit' : 'frame-faded');
		if (Model.diff)
			return Colors.ofChange(Weights.shown(0, calls.total[0][c]),
				Weights.shown(1, calls.total[1][c]), Numbers.whole());
		return Colors.ofFunction(f);
	}

	function paint(context, width, height) {
		const zoomed = calls.depth[State.now.zoom];
		rows.forEach((row, depth) => {
			const top = y(depth);
			context.globalAlpha = depth < zoomed ? 0.55 : 1;
			if (top > -ROW && top < height)
				row.paint(canvas, calls, top, ROW - 1, fill);
		});
		context.globalAlpha = 1;
	}

	/* The call at a place; -1: there is none. */
	function at(x, top) {
		const row = rows.find((r, depth) => top >= y(depth) && top < y(depth) + ROW);
		const i = row ? row.at(canvas.value(x)) : -1;
		return i < 0 ? -1 : row.call[i];
	}

	function zoomTo(c) {
		State.set({ zoom: c, chosen: c });
	}

	function bounds() {
		return [0, end[0] || 1];
	}

	function hover(x, top, event) {
		const c = at(x, top);
		canvas.element.classList.toggle('points', c >= 0);
		canvas.hint(event, c < 0 ? null : Chosen.lines(calls, c));
	}

	function wheel(event, x) {
		if (event.ctrlKey || event.metaKey || event.altKey) {
			event.preventDefault();
			canvas.zoom(Math.exp(event.deltaY * 0.004), x, bounds(), 1000, true);
		} else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
			event.preventDefault();
			canvas.pan(event.deltaX, bounds(), true);
		}
	}

	view.make = (panel) => {
		calls = Calls.whole();
		canvas = view.canvas =
			new Canvas('Flame graph. Arrows move between calls, Enter zooms, 0 shows all.', paint);
		canvas.listen({
			hover, wheel,
			press: (x, top) => at(x, top) >= 0 && zoomTo(at(x, top)),
			pinch: (factor, x) => canvas.zoom(factor, x, bounds(), 1000, true),
			drag: (dx, dy) => {
				canvas.pan(-dx, bounds(), true);
				canvas.box.scrollTop -= dy;
			},
		});
		canvas.element.addEventListener('dblclick', () => calls.fn(State.now.chosen) &&
			State.set({ fn: calls.fn(State.now.chosen).id, view: 'sandwich' }));
		bar = el('div.tools');
		panel.append(bar, canvas.frame);
	};

	function tools() {
		const s = State.now, colors = Model.diff
			? [['diff-more', 'more'], ['diff-less', 'less'], ['diff-new', 'new']]
			: [['own', 'own code'], ['library', 'libraries'], ['net', 'waits']];
		Dom.fill(bar,
			el('div.pair',
				Dom.toggle('Icicle', !s.flame, () => State.set({ flame: false }),
					'callers above what they call (i)'),
				Dom.toggle('Flame', s.flame, () => State.set({ flame: true }),
					'callers below what they call (i)')),
			el('button', { disabled: !s.zoom, title: 'zoom out (0)', onclick: () => zoomTo(0) },
				'Show all'),
			Model.diff && Dom.choice('Width', [['1', 'after'], ['0', 'before']], String(side),
				(value) => {
					side = +value;
					view.draw();
				}),
			Dom.legend(colors));
	}

	view.draw = () => {
		const s = State.now, now = calls.weigh().key + side;
		if (s.zoom >= calls.n || s.zoom < 0)
			s.zoom = 0;
		if (key !== now)
			layout();
		if (key !== now || view.zoomed !== s.zoom) {
			const there = end[s.zoom] > begin[s.zoom] ? s.zoom : 0;
			canvas.look(begin[there], end[there] || 1, key !== now);
			if (!s.flame && view.zoomed !== s.zoom)
				canvas.box.scrollTop = Math.min(canvas.top,
					Math.max(0, (calls.depth[s.zoom] - 3) * ROW));
		}
		key = now;
		view.zoomed = s.zoom;
		tools();
		canvas.soon();
	};

	view.key = (event) => {
		const c = State.now.chosen > 0 && State.now.chosen < calls.n ? State.now.chosen : 0;
		const kids = calls.children(c), among = c ? calls.children(calls.parent[c]) : [0];
		const ways = ['ArrowUp', 'ArrowDown'];
		const [outward, inward] = State.now.flame ? ways.reverse() : ways;
		const go = (to) => {
			if (to === undefined || to < 0)
				return;
			State.set({ chosen: to });
			Dom.say(Chosen.lines(calls, to).join(', '));
		};
		if (event.key === inward)
			go(kids[0]);
		else if (event.key === outward)
			go(c ? calls.parent[c] : undefined);
		else if (event.key === 'ArrowLeft')
			go(among[among.indexOf(c) - 1]);
		else if (event.key === 'ArrowRight')
			go(among[among.indexOf(c) + 1]);
		else if (event.key === 'Enter' || event.key === ' ')
			zoomTo(c);
		else if (event.key === '0' || (event.key === 'Escape' && State.now.zoom))
			State.set({ zoom: 0 });
		else if (event.key === 'i')
			State.set({ flame: !State.now.flame });
		else if (event.key === '+' || event.key === '=' || event.key === '-')
			canvas.zoom(event.key === '-' ? 1.5 : 1 / 1.5, canvas.width / 2, bounds(), 1000);
		else
			return false;
		return true;
	};

	/* The next call whose function is searched for, in the order of the eye. */
	view.find = (step) => {
		const to = Search.step(calls, rows.flatMap((row) => row.call), State.now.chosen, step);
		if (to >= 0)
			State.set({ chosen: to, zoom: calls.under(to, State.now.zoom) ? State.now.zoom : 0 });
	};

	return view;
})();
