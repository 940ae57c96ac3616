/* tree.js - the call tree, as `reqprof show` prints it, to open and to shut.
 * SPDX-License-Identifier: MIT
 */
const Tree = (() => {
	const view = { name: 'Tree' };
	let rows, bar, note;

	view.make = (panel) => {
		rows = view.rows = new TreeView('Call tree', {
			choose: (c) => State.set({ chosen: rows.drawn = c }),
			enter: (c) => Calls.whole().fn(c) &&
				State.set({ fn: Calls.whole().fn(c).id, view: 'sandwich' }),
		});
		bar = el('div.tools');
		note = el('p.note');
		panel.append(bar, rows.element, note);
	};

	function all(open) {
		const calls = Calls.whole();
		rows.forget();
		for (let c = 1; !open && c < calls.n; c++)
			if (calls.first[c] >= 0)
				rows.set(c, false);
		view.draw();
	}

	view.draw = () => {
		const calls = Calls.whole(), s = State.now;
		if (s.chosen > 0 && s.chosen < calls.n && rows.drawn !== s.chosen)
			uncover(calls, s.chosen);
		rows.drawn = s.chosen;
		rows.show(calls, { chosen: s.chosen });
		Dom.fill(bar,
			Dom.toggle('Library frames', s.libraries, () => State.set({ libraries: !s.libraries }),
				'hide or show library code (l)'),
			Dom.choice('Leave out below', [['1', '1 %'], ['0.1', '0.1 %'], ['0', 'nothing']],
				String(s.least), (value) => State.set({ least: +value })),
			el('button', { onclick: () => all(true) }, 'Open all'),
			el('button', { onclick: () => all(false) }, 'Shut all'));
		const small = rows.folded.nSmall;
		note.textContent = small
			? Units.count(small, 'call') + ' below ' + s.least + ' % not shown' : '';
		if (!calls.weight(0))
			note.textContent = Main.nothing();
		note.hidden = !note.textContent;
	};

	/* What another view has chosen is brought into sight. */
	function uncover(calls, c) {
		rows.folded = Groups.make(calls, State.now.least, State.now.libraries, c);
		rows.uncover(c);
		requestAnimationFrame(() => rows.reveal());
	}

	view.find = (step) => {
		const order = rows.rows.filter((row) => !row.group).map((row) => row.call);
		const to = Search.step(Calls.whole(), order, State.now.chosen, step);
		if (to >= 0) {
			State.set({ chosen: to });
			requestAnimationFrame(() => rows.reveal());
		}
	};

	/* Wherever the focus is, the keys of the tree move in it. */
	view.key = (event) => {
		if (event.key === 'l') {
			State.set({ libraries: !State.now.libraries });
			return true;
		}
		if (!/^(Arrow.*|Enter| |Home|End|Page.*)$/.test(event.key))
			return false;
		rows.box.focus();
		rows.key(event);
		return true;
	};

	return view;
})();
