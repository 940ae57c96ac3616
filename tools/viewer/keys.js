/* keys.js - the keyboard: keys that mean the same everywhere, then those of the view, and the sheet
 * that tells them.
 * SPDX-License-Identifier: MIT
 */
const Keys = (() => {
	const SHEET = [
		['Everywhere', [['1 – 8', 'the views'], ['/', 'search: a regular expression'],
			['n  N', 'next, previous match'], ['c', 'wall or CPU time'], ['p', 'time or percent'],
			['Esc', 'close, zoom out, forget what is chosen'], ['?', 'this sheet']]],
		['A call', [['s', 'its callers and callees'], ['z', 'zoom to it in the flame graph'],
			['o', 'its source'], ['y', 'copy its stack']]],
		['Tree', [['↑ ↓', 'move'], ['→ ←', 'open, shut; Alt: with all below'],
			['Space', 'open or shut'], ['Enter', 'callers and callees'], ['l', 'library frames']]],
		['Flame', [['arrows', 'callers, callees, neighbours'], ['Enter', 'zoom'],
			['+  −', 'wider, narrower'], ['0', 'show all'], ['i', 'flame or icicle']]],
		['Timeline', [['+  −', 'zoom, as the wheel does'], ['← →', 'move, as dragging does'],
			['0', 'show all'], ['h', 'next hand-off'], ['Shift drag', 'pick a range of time']]],
	];

	function section([title, rows]) {
		const line = ([keys, what]) => [
			el('dt', ...keys.split('  ').map((key) => el('kbd', key))), el('dd', what)];
		return el('section', el('h3', title), el('dl', ...rows.flatMap(line)));
	}

	function sheet() {
		const dialog = document.getElementById('sheet');
		if (!dialog.childNodes.length)
			dialog.append(el('h2', { id: 'sheet-title' }, 'Keys'),
				el('div.sheet', ...SHEET.map(section)),
				el('button', { onclick: () => dialog.close() }, 'Close'));
		if (dialog.open)
			dialog.close();
		else
			dialog.showModal();
	}

	/* One thing is undone, the nearest one. */
	function escape() {
		const s = State.now, menu = document.querySelector('details.download[open]');
		if (menu)
			menu.open = false;
		else if (s.part || s.to > s.from || s.lane >= 0)
			State.set({ part: '', from: -1, to: -1, lane: -1 });
		else if (s.q)
			State.set({ q: '' });
		else
			State.set({ chosen: -1 });
	}

	function own(event) {
		return Main.view().key && Main.view().key(event);
	}

	function everywhere(event) {
		const { key } = event, views = Main.views();
		const find = (step) => Main.view().find && Search.now().on && Main.view().find(step);
		const keys = {
			'/': () => document.getElementById('search').focus(),
			'?': sheet,
			n: () => find(1),
			N: () => find(-1),
			c: () => State.set({ clock: State.now.clock === 'cpu' ? 'wall' : 'cpu' }),
			p: () => State.set({ unit: State.now.unit === 'share' ? 'time' : 'share' }),
			s: () => Chosen.act('sandwich'),
			z: () => Chosen.act('flame'),
			o: () => Chosen.act('source'),
			y: () => Chosen.act('copy'),
			Escape: escape,
		};
		if (key in keys)
			keys[key]();
		else if (views[+key - 1])
			State.set({ view: views[+key - 1].id });
		else
			return false;
		return true;
	}

	/* Keys that mean something where the focus is. */
	function isTaken({ key, target, defaultPrevented, ctrlKey, metaKey }) {
		const moves = /^(Arrow.*|Home|End|Page.*)$/.test(key), presses = /^( |Enter)$/.test(key);
		if (defaultPrevented || ctrlKey || metaKey || target.matches('input, select, textarea'))
			return true;
		if (document.getElementById('sheet').open && key !== '?')
			return true;
		if (presses && target.matches('button, summary'))
			return true;
		return moves && target.matches('[role=tab]') ||
			(moves || key === ' ') && target.closest('.scroll');
	}

	function listen() {
		document.addEventListener('click', (event) => {
			for (const menu of document.querySelectorAll('details.download[open]'))
				menu.open = menu.contains(event.target);
		});
		document.addEventListener('keydown', (event) => {
			if (!isTaken(event) && (own(event) || everywhere(event)))
				event.preventDefault();
		});
	}

	return { listen, sheet };
})();
