/* flat.js - a row a function, file, line or library: what it took itself, and with all that it
 * called.
 * SPDX-License-Identifier: MIT
 */
const Flat = (() => {
	const FEW = 200, view = { name: 'Flat' };
	let bar, table, note, all = false;

	/* What each column is sorted by. */
	const COLUMNS = {
		self: { text: 'Self', of: (row) => Numbers.part(row.self) },
		total: { text: 'Total', of: (row) => Numbers.part(row.total) },
		change: { text: 'Change', of: (row) => Numbers.delta(row.self) },
		name: { text: 'Function', of: (row) => name(row).toLowerCase() },
		place: { text: 'Where', of: (row) => where(row) },
	};

	function name(row) {
		const f = Sums.fn(row), { by } = State.now;
		if (f.pseudo || by === 'function')
			return f.label;
		if (by === 'library')
			return Dom.visible(f.module.split('/').pop());
		if (!f.file)
			return by === 'line' ? f.label : Dom.visible(f.module.split('/').pop());
		const line = Model.nodes.line[row.node];
		return Dom.visible(f.file.split('/').pop()) + (by === 'line' ? ':' + (line || '?') : '');
	}

	function where(row) {
		const f = Sums.fn(row), { by } = State.now;
		if (f.pseudo)
			return '';
		if (by === 'line')
			return f.label;
		if (by === 'library' || !f.file)
			return Dom.visible(f.module);
		return Dom.visible(f.file) + (by === 'function' && f.line ? ':' + f.line : '');
	}

	/* The rows that the search leaves, in order. */
	view.rows = () => {
		const { on, re } = Search.now(), sign = State.now.up ? 1 : -1;
		const { of } = COLUMNS[State.now.sort] || COLUMNS.self;
		const meant = (row) =>
			re.test(name(row)) || re.test(where(row)) || Search.hits(Sums.fn(row));
		const order = (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) * sign;
		return Sums.by(State.now.by).filter((row) => !on || meant(row))
			.map((row) => ({ row, key: of(row) }))
			.sort((a, b) => order(a, b) || a.row.node - b.row.node)
			.map(({ row }) => row);
	};

	function sort(key) {
		const text = key === 'name' || key === 'place';
		State.set(State.now.sort === key ? { up: !State.now.up } : { sort: key, up: text });
	}

	function heading(key, text = COLUMNS[key].text) {
		const sorted = State.now.sort === key && (State.now.up ? 'ascending' : 'descending');
		const arrow = { ascending: ' ↑', descending: ' ↓' }[sorted] || '';
		return el('th', { scope: 'col', class: key === 'name' || key === 'place' ? '' : 'right',
			'aria-sort': sorted }, el('button.plain', { onclick: () => sort(key) }, text + arrow));
	}

	function number(ns, set, heat) {
		return el('td', { class: 'number ' + (heat ? Units.heat(Numbers.part(ns, set)) : '') },
			ns ? Numbers.text(ns, set) : '');
	}

	/* The numbers of a row; of a diff with both sides. */
	function numbers({ self, total }) {
		if (Model.diff)
			return [number(self[0], 0), number(self[1], 1),
				el('td', { class: 'number change ' + Numbers.way(self) }, Numbers.change(self)),
				number(total[0], 0), number(total[1], 1)];
		const share = self[0] ? Units.share(Numbers.part(self), 1) : '';
		return [number(self[0], 0, true), el('td.number.faint', share), number(total[0], 0)];
	}

	function line(row) {
		const f = Sums.fn(row), label = name(row), kids = Dom.marked(label, Search.now().re);
		const look = { class: 'name plain ' + Dom.kind(f), title: label };
		const open = () => State.set({ fn: f.id, view: 'sandwich' });
		const title = f.pseudo || ['function', 'line'].includes(State.now.by)
			? el('button', { ...look, onclick: open }, ...kids) : el('span', look, ...kids);
		return el('tr', ...numbers(row),
			el('td.wide', f.wait && Dom.dot(Colors.css(f.wait)), title),
			el('td.place', { title: where(row) }, where(row)));
	}

	function head() {
		const none = (text) => el('th.right', { scope: 'col' }, text);
		const before = Model.diff
			? [none('Self before'), heading('self', 'Self after'), heading('change'),
				none('Total before'), heading('total', 'Total after')]
			: [heading('self'), none('Share'), heading('total')];
		return el('tr', ...before, heading('name'), heading('place'));
	}

	view.make = (panel) => {
		bar = el('div.tools');
		table = el('table.flat');
		note = el('p.note');
		panel.append(bar, Dom.scroll('Flat', '', table), note);
	};

	view.draw = () => {
		const rows = view.rows(), { by } = State.now;
		const words = { function: 'Function', line: 'Line', file: 'File', library: 'Library' };
		COLUMNS.name.text = words[by] || words.function;
		COLUMNS.place.text = by === 'line' ? 'Function' : 'Where';
		Dom.fill(bar,
			Dom.choice('A row is a', Object.keys(words).map((key) => [key, key]), by,
				(value) => State.set({ by: value })),
			el('span.note-inline', Units.count(rows.length, 'row')),
			rows.length > FEW && el('button', {
				onclick: () => {
					all = !all;
					view.draw();
				},
			}, all ? 'Show ' + FEW : 'Show all'));
		Dom.fill(table, el('thead', head()),
			el('tbody', ...(all ? rows : rows.slice(0, FEW)).map(line)));
		note.hidden = rows.length > 0;
		note.textContent = Search.now().on ? 'Nothing here is searched for.' : Main.nothing();
	};

	return view;
})();
