/* timeline.js - what each thread did for the request, when: its state, its stacks over time, its
 * waits, the phases of the request above them, and hand-offs between the threads.
 * SPDX-License-Identifier: MIT
 */
const Timeline = (() => {
	const ROW = 17, STATE = 7, TITLE = 22, AXIS = 24, view = { name: 'Timeline' };
	let canvas, bar, calls, items = [], lanes = view.lanes = [], whole = [0, 1], marking = null;

	/* --- what stands where --- */

	/* The stretches between the moments that are known: head, body, handler, answer. */
	view.phases = (s) => {
		const at = (name) => (Number.isFinite(s.phases[name]) ? Math.max(0, s.phases[name]) : null);
		const end = s.account.duration_ns, head = at('head') || 0, body = at('body') || 0;
		const answer = at('response');
		const asked = body > head && (answer === null || body <= answer) ? body : head;
		return [
			{ name: 'head', begin: 0, end: head },
			body > head && { name: 'body', begin: head, end: body },
			{ name: 'handler', begin: asked, end: answer === null ? end : answer },
			answer !== null && { name: 'answer', begin: answer, end },
		].filter((phase) => phase && phase.end > phase.begin);
	};

	function put(height, draw, rest) {
		const last = items[items.length - 1];
		items.push({ top: last ? last.top + last.height : AXIS, height, draw, ...rest });
	}

	function layout() {
		items = [];
		Model.sessions.forEach((session, number) => {
			const side = Model.diff ? [' · before', ' · after'][Model.setOf(number)] : '';
			const took = session.account.duration_ns;
			const name = Model.route(session) + ' · ' + Units.time(took) + side;
			if (Model.sessions.length > 1)
				put(TITLE + 4, (top) => title(name, top + 4, 'ink'));
			put(ROW + 2, (top) => phases(session, top));
			if (session.client.reduce((sum, wait) => sum + wait.span_ns, 0) > took / 1000)
				put(STATE + 3, (top) => client(session, top));
			for (const data of lanes.filter((l) => l.lane.session === number))
				lane(data);
			put(10, () => {});
		});
		const last = items[items.length - 1];
		canvas.tall(last.top + last.height);
	}

	function lane(data) {
		const { lane: { number, thread }, wall, cpu, rows } = data;
		const text = Model.threadName(thread) + ' · ' + Units.scaled(Model.scale, wall) +
			' · CPU ' + Units.scaled(Model.scale, cpu);
		put(TITLE, (top) => {
			const only = State.now.lane === number;
			title(text + (only ? ' · only this thread' : ''), top, only ? 'accent' : 'muted');
		}, { lane: number });
		put(STATE + 2, (top) => states(data, top), { runs: data.states });
		data.top = items[items.length - 1].top;
		if (data.away.length)
			put(ROW, (top) => away(data, top), { runs: data.away });
		for (const row of rows)
			put(ROW, (top) => row.paint(canvas, calls, top, ROW - 1, fill), { row });
	}

	/* --- painting --- */

	function title(text, top, ink) {
		canvas.context.fillStyle = Colors.value(ink);
		canvas.context.fillText(Dom.cut(text, Math.floor((canvas.width - 8) / canvas.letter)), 4,
			top + TITLE / 2 + 1);
	}

	function phases(session, top) {
		const fills = { head: 'phase-a', body: 'phase-b', handler: 'phase-a', answer: 'phase-b' };
		for (const phase of view.phases(session))
			canvas.bar(canvas.x(phase.begin), top, canvas.x(phase.end), ROW - 1,
				Colors.value(fills[phase.name]),
				phase.name + ' ' + Units.time(phase.end - phase.begin), Colors.value('ink'));
	}

	function client(session, top) {
		for (const wait of session.client)
			canvas.bar(canvas.x(wait.at_ns), top, canvas.x(wait.at_ns + wait.span_ns), STATE,
				Colors.value('client'));
	}

	function fill(c) {
		const f = calls.fn(c);
		if (Search.now().on)
			return Colors.value(Search.hits(f) ? 'hit' : 'frame-faded');
		return Colors.ofFunction(f);
	}

	function run(x, top, right, state) {
		const { part } = State.now;
		canvas.context.globalAlpha = part && part !== state && part !== 'wait:' + state ? 0.2 : 1;
		canvas.bar(x, top, right, STATE, Colors.ofState(state));
		canvas.context.globalAlpha = 1;
	}

	/* Runs that are thinner than a pixel give one together, in the colour of the longest. */
	function states(data, top) {
		let thin = null;
		const flush = () => {
			if (thin)
				run(thin.x, top, thin.right, thin.state);
			thin = null;
		};
		for (const s of data.stretches)
			canvas.bar(canvas.x(s.begin), top + STATE - 2, canvas.x(s.end), 2,
				Colors.value('stretch'));
		for (const { begin, end, state } of data.states) {
			const x = canvas.x(begin), right = canvas.x(end), length = end - begin;
			if (right < 0 || x > canvas.width)
				continue;
			if (right - x >= 1 || !thin || x >= thin.right + 1)
				flush();
			if (right - x >= 1)
				run(x, top, right, state);
			else if (!thin)
				thin = { x, right, state, length };
			else
				Object.assign(thin, { right }, length > thin.length ? { state, length } : {});
		}
		flush();
	}

	function away(data, top) {
		for (const { begin, end, text } of data.away)
			canvas.bar(canvas.x(begin), top, canvas.x(end), ROW - 1, Colors.value('net'), text,
				Colors.value('frame-ink'));
	}

	/* Round moments, about 110 pixels apart. */
	function axis(height) {
		const c = canvas.context, [from, to] = canvas.range;
		const want = (to - from) / Math.max(2, canvas.width / 110);
		const power = 10 ** Math.floor(Math.log10(want));
		const step = [1, 2, 5, 10].find((n) => n * power >= want) * power;
		for (let at = Math.ceil(from / step) * step; at < to; at += step) {
			const x = canvas.x(at);
			c.fillStyle = Colors.value('line');
			c.fillRect(x, AXIS - 6, 1, height);
			c.fillStyle = Colors.value('muted');
			if (x < canvas.width - 56)
				c.fillText(at ? Units.time(Math.round(at)) : '0', x + 3, 10);
		}
	}

	/* What lies outside of the range that was picked. */
	function shade(height) {
		const { from, to } = State.now, mark = marking || (to > from ? [from, to] : null);
		if (!mark)
			return;
		const [x, right] = mark.map((at) => canvas.x(at)).sort((a, b) => a - b);
		canvas.context.fillStyle = Colors.value('shade');
		canvas.context.fillRect(0, AXIS - 2, x, height);
		canvas.context.fillRect(right, AXIS - 2, canvas.width - right, height);
	}

	function paint(context, width, height) {
		const { top } = canvas;
		if (!lanes.length)
			return;
		axis(height);
		context.save();
		context.beginPath();
		context.rect(0, AXIS - 2, width, height);
		context.clip();
		for (const item of items)
			if (item.top + item.height > top && item.top < top + height)
				item.draw(item.top - top);
		Handoffs.paint(canvas);
		shade(height);
		context.restore();
	}

	/* --- what people do --- */

	/* What is at a place: an item of the layout, and the number of its rectangle. */
	function at(x, top) {
		const y = top + canvas.top;
		const item = items.find((one) => y >= one.top && y < one.top + one.height) || {};
		return { item, i: item.row ? item.row.at(canvas.value(x)) : -1 };
	}

	function hover(x, top, event) {
		const { item, i } = at(x, top), value = canvas.value(x);
		const when = (begin, end) => Units.time(end - begin) + ' from ' + Units.time(begin);
		const arrow = Handoffs.at(canvas, x, top);
		canvas.element.classList.toggle('points', arrow || i >= 0 || item.lane >= 0);
		if (arrow) {
			canvas.hint(event, Handoffs.lines(arrow.of));
			return;
		}
		if (i >= 0) {
			const { begin, end, call } = item.row;
			const [name, all, ...rest] = Chosen.lines(calls, call[i]);
			canvas.hint(event, [name, when(begin[i], end[i]), 'in all ' + all, ...rest]);
			return;
		}
		const hit = (item.runs || []).find((one) => one.begin <= value && one.end > value);
		canvas.hint(event, hit ? [hit.text || Dom.visible(Account.words(hit.state)),
			when(hit.begin, hit.end)] : null);
	}

	/* Looks at hand-offs from close by. */
	function look(list) {
		if (list.length)
			view.show(list[0].given, list[list.length - 1].taken);
	}

	function press(x, top) {
		const { item, i } = at(x, top), arrow = Handoffs.at(canvas, x, top);
		if (arrow)
			look(arrow.of);
		else if (item.lane >= 0)
			State.set({ lane: State.now.lane === item.lane ? -1 : item.lane });
		else if (i >= 0)
			State.set({ chosen: item.row.call[i] });
	}

	/* Drag moves; with Shift it marks a range of time that every view is then about. */
	function drag(dx, dy, event, from) {
		if (event.shiftKey || marking) {
			const [x] = canvas.point(event);
			marking = [marking ? marking[0] : canvas.value(from[0]), canvas.value(x)];
			canvas.soon();
			return;
		}
		canvas.pan(-dx, whole, true);
		canvas.box.scrollTop -= dy;
	}

	function marked() {
		if (!marking)
			return;
		const [from, to] = marking.sort((a, b) => a - b).map(Math.round);
		marking = null;
		State.set({ from, to });
	}

	function wheel(event, x) {
		event.preventDefault();
		if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
			canvas.pan(event.deltaX || event.deltaY, whole, true);
		else
			canvas.zoom(Math.exp(event.deltaY * 0.0015), x, whole, 1000, true);
	}

	view.make = (panel) => {
		calls = Calls.whole();
		canvas = view.canvas =
			new Canvas('Timeline. Plus and minus zoom, arrows move, 0 shows all.', paint);
		bar = el('div.tools');
		panel.append(bar, canvas.frame);
		if (Model.summed)
			return;
		lanes = view.lanes = Model.lanes.map(Lanes.make)
			.sort((a, b) => a.lane.session - b.lane.session || a.began - b.began);
		for (const { rows: [row], session } of lanes) {
			const [first, last] = row ? [row.begin[0], row.end[row.end.length - 1]] : [0, 0];
			whole = [Math.min(whole[0], first),
				Math.max(whole[1], session.account.duration_ns, last)];
		}
		canvas.look(...whole, true);
		canvas.listen({ hover, press, drag, wheel,
			pinch: (factor, x) => canvas.zoom(factor, x, whole, 1000, true) });
		window.addEventListener('pointerup', marked);
		Handoffs.make(lanes);
		layout();
	};

	view.draw = () => {
		calls.weigh();
		Dom.fill(bar,
			el('button', { onclick: () => canvas.look(...whole), title: 'zoom out (0)' },
				'Show all'),
			Model.summed ? el('span.note-inline', 'Too many samples for one page: their moments ' +
					'were left out. Make a page of fewer sessions.')
				: el('span.note-inline.for-mouse',
					'Wheel zooms, drag moves, Shift and drag picks a range of time.'),
			Dom.legend([['cpu', 'CPU'], ['net', 'network'], ['lock', 'locks'], ['disk', 'disk'],
				['sleep', 'sleep'], ['off', 'not running'],
				...(Model.handoffs.length ? [['ink', 'hand-offs']] : [])]));
		canvas.soon();
	};

	view.key = (event) => {
		const zoom = (factor) => canvas.zoom(factor, canvas.width / 2, whole, 1000);
		const keys = {
			ArrowLeft: () => canvas.pan(-canvas.width / 6, whole),
			ArrowRight: () => canvas.pan(canvas.width / 6, whole),
			ArrowUp: () => canvas.box.scrollTop -= 3 * ROW,
			ArrowDown: () => canvas.box.scrollTop += 3 * ROW,
			'+': () => zoom(0.6), '=': () => zoom(0.6), '-': () => zoom(1 / 0.6),
			0: () => canvas.look(...whole),
			h: () => {
				const one = Handoffs.next();
				look(one);
				Dom.say(one.length ? Handoffs.lines(one).join(', ') : 'No hand-offs.');
			},
		};
		if (Model.summed || !(event.key in keys))
			return false;
		keys[event.key]();
		return true;
	};

	view.find = (step) => {
		const there = new Set(lanes.flatMap((l) => l.rows.flatMap((row) => row.call)));
		const to = Search.step(calls, [...there].sort((a, b) => a - b), State.now.chosen, step);
		if (to >= 0)
			State.set({ chosen: to });
	};

	/* Looks at a stretch of time, with some around it. */
	view.show = (from, to) => {
		const room = Math.max(1000, (to - from) * 0.25);
		canvas.look(Math.max(whole[0], from - room), Math.min(whole[1], to + room), true);
	};

	return view;
})();
