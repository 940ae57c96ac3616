/* sandwich.js - one function in the middle: who called it, and where the time below it went.
 * SPDX-License-Identifier: MIT
 */
const Sandwich = (() => {
	const MOST = 300, view = { name: 'Sandwich' };
	let bar, callers, callees, note, around = {}, of = -1, panes;

	function side(label, own) {
		const tree = new TreeView(label, {
			own, choose: () => {},
			enter: (c) => tree.calls.fn(c) && State.set({ fn: tree.calls.fn(c).id }),
			open: (c) => tree.calls.weight(c) > tree.calls.weight(0) * 0.02,
		});
		return tree;
	}

	/* The function that nobody has chosen yet: the hottest one that is not a wait. */
	function hottest() {
		let best = -1, most = 0;
		for (const row of Sums.by('function'))
			if (!Sums.fn(row).pseudo && Math.max(...row.self) > most) {
				best = Sums.fn(row).id;
				most = Math.max(...row.self);
			}
		return best;
	}

	function pick() {
		const rows = Sums.by('function').slice().sort((a, b) =>
			Math.max(...b.total) - Math.max(...a.total));
		const all = rows.map(Sums.fn), found = all.filter(Search.hits);
		const some = (Search.now().on ? found : all).slice(0, MOST);
		if (of >= 0 && !some.some((f) => f.id === of))
			some.unshift(Model.functions[of]);
		const text = (f) => Dom.cut(f.label, 70) + '  ' + Model.place(f);
		return Dom.choice('Function', some.map((f) => [String(f.id), text(f)]), String(of),
			(id) => State.set({ fn: +id }));
	}

	view.make = (panel) => {
		bar = el('div.tools');
		callers = side('Callers', false);
		callees = side('Callees', true);
		note = el('p.note');
		const pane = (title, tree) =>
			el('section.pane', { 'aria-label': title }, el('h2', title), tree.element);
		panes = el('div.panes', pane('Called by', callers), pane('Calls', callees));
		panel.append(bar, note, panes);
	};

	view.draw = () => {
		const f = State.now.fn >= 0 ? State.now.fn : hottest();
		if (f !== of) {
			of = f;
			around = view.around = f >= 0 ? Calls.around(f) : {};
			callers.forget();
			callees.forget();
		}
		Dom.fill(bar, pick());
		panes.hidden = note.hidden = f < 0;
		if (f < 0)
			return;
		for (const calls of Object.values(around))
			calls.weigh();
		const one = Model.functions[f], row = Sums.by('function').find((r) => Sums.fn(r) === one);
		Dom.fill(note, el('strong.name', one.label), ' ' + Model.place(one, 3) + '  ', row
			? 'total ' + Numbers.both(row.total) + ' · self ' + Numbers.both(row.self)
			: Main.nothing());
		callers.show(around.callers, { bare: true, chosen: callers.marked() });
		callees.show(around.callees, { bare: true, chosen: callees.marked() });
	};

	return view;
})();
