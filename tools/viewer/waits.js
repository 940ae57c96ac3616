/* waits.js - what the request waited for: by object or kind, with the stacks and who held the lock.
 * SPDX-License-Identifier: MIT
 */
const Waits = (() => {
	const FEW = 8, FEW_MOMENTS = 5, view = { name: 'Waits' };
	let bar, box, note;

	/* The part of a wait that what is chosen leaves; below 0: it is of another kind, thread or
	 * time. */
	function left(w) {
		const { clock, part, lane, from, to } = State.now, only = Model.lanes[lane];
		if (clock === 'cpu' || (part && part !== 'wait:' + w.group))
			return -1;
		if (only && !Model.isIn(only, w.session, w.thread))
			return -1;
		if (to <= from)
			return w.waited;
		const inside = Math.min(w.at + w.span, to) - Math.max(w.at, from);
		return inside < 0 ? -1 : w.waited * inside / (w.span || 1);
	}

	function held(w) {
		return w.holder ? w.holder.words : '';
	}

	function meant(w) {
		const s = Search.now();
		return !s.on || s.re.test(w.kind + ' ' + w.object + ' ' + held(w)) || s.nodes[w.node];
	}

	/* Groups of what has KEY in common, most time first. */
	function group(waits, key) {
		const groups = new Map();
		for (const w of waits) {
			const k = key(w);
			if (!groups.has(k))
				groups.set(k, { first: w, all: [], ns: Model.sets.map(() => 0), longest: 0 });
			const g = groups.get(k);
			g.all.push(w);
			g.ns[Model.setOf(w.session)] += w.left;
			g.longest = Math.max(g.longest, w.left);
		}
		const weight = (g) => Math.max(...g.ns.map((ns, set) => Weights.shown(set, ns)));
		return [...groups.values()].sort((a, b) => weight(b) - weight(a));
	}

	view.groups = () => {
		const some = Model.waits.map((w) => ({ ...w, left: left(w) }))
			.filter((w) => w.left >= 0 && meant(w));
		const kind = (w) => w.kind, object = (w) => w.kind + '\0' + w.object;
		return group(some, State.now.waits === 'kind' ? kind : object);
	};

	function both(ns) {
		return ns.map((value, set) => Units.time(Weights.shown(set, value))).join(' → ');
	}

	/* A stack, the leaf first. */
	function stack(node) {
		const path = Model.path(node).map((f) => Model.functions[f]).filter((f) => !f.wait);
		const line = (f) => el('li',
			el('button', { class: 'plain name ' + Dom.kind(f),
				onclick: () => State.set({ fn: f.id, view: 'sandwich' }) }, f.label),
			' ', el('span.place', Model.place(f, 2)));
		return el('ol.stack', ...path.reverse().map(line));
	}

	function moment(w) {
		return el('button.plain.at', { title: 'show it in the timeline', onclick: () => show(w) },
			'at ' + Units.time(w.at));
	}

	/* What is inside of a row: who held the lock, which objects, on which stacks, when. */
	function details(g) {
		const locks = group(g.all.filter(held), (w) => held(w) + '\0' + w.holder.node);
		const objects = State.now.waits === 'kind' ? group(g.all, (w) => w.object) : [];
		const stacks = group(g.all, (w) => w.node), out = [];
		for (const { first, ns } of locks) {
			const { words, node } = first.holder, known = node >= 0 ? ', which let go on' : '';
			out.push(el('p.held', both(ns) + ' ' + Dom.visible(words) + known),
				known && stack(node));
		}
		for (const { first, ns, all } of objects.slice(0, FEW))
			out.push(el('p.held', both(ns) + ' in ' + all.length + ': ' +
				Dom.visible(first.object || 'no object')));
		for (const { first, ns, all } of stacks.slice(0, FEW))
			out.push(el('p.times-of', el('b', both(ns)),
				' in ' + Units.count(all.length, 'wait') + ' on this stack',
				...all.slice(0, Model.summed ? 0 : FEW_MOMENTS).map(moment)), stack(first.node));
		if (stacks.length > FEW)
			out.push(el('p.faint', 'and ' + (stacks.length - FEW) + ' more stacks'));
		return out;
	}

	function show(w) {
		const { node, thread, n } = Model.stacks;
		let s = 0;
		while (s < n - 1 && (node[s] !== w.node || thread[s] !== w.thread))
			s++;
		State.set({ view: 'timeline', chosen: Calls.whole().ofStack[s] });
		const look = () => Timeline.show(w.at, w.at + w.span);
		requestAnimationFrame(() => requestAnimationFrame(look)); /* when it is drawn */
	}

	function line(g) {
		const { kind, object, group: color } = g.first;
		const text = Dom.visible(State.now.waits === 'kind' ? kind : kind + ' ' + object);
		const share = Model.diff ? Numbers.change(g.ns) : Units.share(Numbers.part(g.ns), 1);
		const body = el('div.inside');
		const fill = () => e.open && !body.childNodes.length && Dom.fill(body, ...details(g));
		const e = el('details.wait', { ontoggle: fill },
			el('summary',
				el('span', { class: 'number ' + Units.heat(Numbers.part(g.ns)) }, both(g.ns)),
				el('span.number.faint', share),
				el('span.number.count', g.all.length + ' ×'),
				el('span.number.faint.longest', 'longest ' + Units.time(g.longest)),
				el('span.wide', Dom.dot(Colors.css(color)),
					el('span.name', { title: text }, ...Dom.marked(text, Search.now().re)))),
			body);
		return e;
	}

	/* Waits that were too short to be told one by one. */
	function shorts() {
		const sums = new Map();
		for (const { kind, count, waited_ns: ns } of Model.sessions.flatMap((s) => s.shorts)) {
			const sum = sums.get(kind) || { count: 0, ns: 0 };
			sums.set(kind, { count: sum.count + count, ns: sum.ns + ns });
		}
		const words = [...sums].map(([kind, { count, ns }]) =>
			count + ' of ' + kind + ' (' + Units.time(ns) + ')');
		return words.length ? 'Below 20 µs each: ' + words.join(', ') + '.' : '';
	}

	/* Why there is no row. */
	function nothing() {
		if (State.now.clock === 'cpu')
			return 'Waits take no CPU time: look at wall time. ';
		return Model.waits.length ? 'Of what is chosen above, nothing waited. '
			: 'The request waited for nothing. ';
	}

	view.make = (panel) => {
		bar = el('div.tools');
		box = el('div.waits');
		note = el('p.note');
		panel.append(bar, Dom.scroll('Waits', '', box, note));
	};

	view.draw = () => {
		const groups = view.groups(), n = groups.reduce((sum, g) => sum + g.all.length, 0);
		Dom.fill(bar,
			Dom.choice('A row is', [['object', 'an object'], ['kind', 'a kind']], State.now.waits,
				(waits) => State.set({ waits })),
			el('span.note-inline', Units.count(n, 'wait')));
		Dom.fill(box, ...groups.map(line));
		if (groups.length && groups.length < 3)
			box.firstChild.open = true;
		note.textContent = (groups.length ? '' : nothing()) + shorts();
	};

	return view;
})();
