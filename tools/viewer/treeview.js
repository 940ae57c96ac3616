/* treeview.js - a tree of calls as rows: only those that are in sight exist, so that any size is
 * quick.  It is an ARIA tree: one tab stop, arrows move, and the row that is meant is the active
 * descendant.
 * SPDX-License-Identifier: MIT
 */
class TreeView {
	/* `choose` is told of a row that was chosen, `enter` of one that was entered (Enter, double
	 * click); `open` says whether a call is open that nobody has touched; not `own`: own times mean
	 * nothing. */
	constructor(label, { choose, enter, open = () => true, own = true }) {
		Object.assign(this, { choose, enter, open, own, rows: [], at: -1,
			number: TreeView.all.push(this) });
		this.head = el('div.tree-head', { 'aria-hidden': 'true' });
		this.space = el('div.tree-space', { role: 'none' });
		this.box = el('div.tree', {
			role: 'tree', tabindex: '0', 'aria-label': label,
			onscroll: () => this.paint(),
			onkeydown: (event) => this.key(event),
			onclick: (event) => this.click(event),
			ondblclick: () => this.at >= 0 && this.enter(this.rows[this.at].call),
		}, this.space);
		this.forget();
		this.element = el('div.tree-frame', this.head, this.box);
		new ResizeObserver(() => this.paint()).observe(this.box);
	}

	/* Nobody has opened or shut anything. */
	forget() {
		this.shut = new Set();
		this.touched = new Set();
		this.groups = new Set();
		this.changes = (this.changes || 0) + 1;
	}

	isOpen(c) {
		return this.touched.has(c) ? !this.shut.has(c) : this.open(c);
	}

	set(c, open) {
		this.changes++;
		this.touched.add(c);
		this.shut[open ? 'delete' : 'add'](c);
	}

	/* Shows CALLS; CHOSEN is marked.  `bare`: nothing is folded or left out. */
	show(calls, { chosen = -1, bare = false } = {}) {
		const least = bare ? 0 : State.now.least, libraries = bare || State.now.libraries;
		const key = [calls.key, least, libraries, this.changes].join();
		Object.assign(this, { calls, bare });
		if (this.shown !== calls || this.madeFor !== key || !this.find(chosen)) {
			this.folded = Groups.make(calls, least, libraries, chosen);
			this.layout();
			this.find(chosen);
		}
		this.shown = calls;
		this.madeFor = key;
		this.head.replaceChildren(...this.titles().map((text) => el('span', text)));
		this.paint(true);
	}

	/* Whether the call that is to be marked has a row; it is that one from now on. */
	find(chosen) {
		this.at = this.rows.findIndex((row) => row.call === chosen && !row.group);
		return this.at >= 0 || chosen < 0;
	}

	marked() {
		return this.at >= 0 ? this.rows[this.at].call : -1;
	}

	layout() {
		const { calls } = this, todo = [];
		const push = (list, depth) => {
			for (let i = list.length; i--;)
				todo.push({ call: list[i], depth, place: i + 1, of: list.length });
		};
		this.rows = [];
		push(Groups.under(calls, this.folded, 0, this.groups), 0);
		while (todo.length) {
			const row = todo.pop();
			this.rows.push(row);
			if (row.group)
				continue;
			const kids = Groups.under(calls, this.folded, row.call, this.groups);
			const group = this.folded.count[row.call];
			row.kids = kids.length > 0 || group > 0;
			row.open = row.kids && this.isOpen(row.call);
			if (!row.open)
				continue;
			push(kids, row.depth + 1);
			if (group)
				todo.push({ call: row.call, depth: row.depth + 1, group, place: 0, of: 0 });
		}
		/* A deep tree is indented less, so that the names stay in sight. */
		const deepest = this.rows.reduce((most, row) => Math.max(most, row.depth), 0);
		const step = Math.floor(this.box.clientWidth * 0.35 / (deepest + 1));
		this.box.style.setProperty('--step', Math.max(4, Math.min(16, step)) + 'px');
		this.space.style.height = this.rows.length * TreeView.ROW + 'px';
	}

	titles() {
		return Model.diff ? ['Before', 'After', 'Change', 'Function']
			: ['Total', '', this.own ? 'Self' : '', 'Function'];
	}

	paint(again) {
		const { scrollTop, clientHeight } = this.box, all = this.everything;
		const from = all ? 0 : Math.max(0, Math.floor(scrollTop / TreeView.ROW) - 8);
		const to = all ? this.rows.length
			: Math.min(this.rows.length, Math.ceil((scrollTop + clientHeight) / TreeView.ROW) + 8);
		if (!again && this.from === from && this.to === to)
			return;
		const focused = this.space.contains(document.activeElement);
		this.from = from;
		this.to = to;
		this.space.replaceChildren();
		for (let i = from; i < to; i++)
			this.space.append(this.row(i));
		if (this.at >= from && this.at < to)
			this.box.setAttribute('aria-activedescendant', this.id(this.at));
		else
			this.box.removeAttribute('aria-activedescendant');
		if (focused)
			this.box.focus();
	}

	id(i) {
		return 'row-' + this.number + '-' + i;
	}

	row(i) {
		const row = this.rows[i];
		const e = el('div', { id: this.id(i), role: 'treeitem', 'data-row': i,
			class: 'row' + (i === this.at ? ' chosen' : '') + this.meant(row),
			'aria-level': row.depth + 1, 'aria-selected': String(i === this.at),
			'aria-setsize': row.of || null, 'aria-posinset': row.place || null,
			'aria-expanded': row.kids ? String(row.open) : null,
			css: { top: i * TreeView.ROW + 'px', '--depth': row.depth } });
		e.append(...(row.group ? this.groupCells(row) : this.cells(row)));
		return e;
	}

	meant(row) {
		if (!Search.now().on)
			return '';
		return !row.group && Search.hits(this.calls.fn(row.call)) ? ' hit' : ' miss';
	}

	cells(row) {
		const { calls } = this, c = row.call, f = calls.fn(c), label = calls.label(c);
		const text = label.length > 60 ? calls.brief(c) : label;
		const name = el('span', { class: 'name ' + Dom.kind(f), title: label },
			...Dom.marked(text, Search.hits(f) && Search.now().re));
		return [
			...Numbers.cells(calls.total.map((t) => t[c]), calls.self.map((s) => this.own && s[c])),
			el('span.what',
				el('span.guides'),
				el('span.twist', row.kids ? row.open ? '▾' : '▸' : ''),
				f && f.wait && Dom.dot(Colors.css(f.wait)),
				name,
				f && el('span.place', Model.place(f, 2))),
		];
	}

	groupCells(row) {
		const { self, libraries } = Groups.told(this.calls, this.folded, row.call);
		const open = this.groups.has(row.call);
		const few = libraries.slice(0, 4).map(Dom.visible).join(', ') +
			(libraries.length > 4 ? ', …' : '');
		return [
			...Numbers.cells(self, self.map(() => 0)),
			el('span.what',
				el('span.guides'),
				el('span.twist', open ? '▾' : '▸'),
				el('span.hidden-frames', { title: TreeView.WHY },
					row.group + ' library frames ' + (open ? 'shown' : 'hidden') + ' · ' + few)),
		];
	}

	/* --- what people do --- */

	click(event) {
		const e = event.target.closest('.row');
		if (!e)
			return;
		const i = +e.dataset.row, row = this.rows[i];
		this.move(i);
		if (row.group)
			this.fold(row);
		else if (event.target.closest('.twist'))
			this.flip(row, event.altKey);
	}

	fold(row) {
		this.changes++;
		this.groups[this.groups.has(row.call) ? 'delete' : 'add'](row.call);
		this.again();
	}

	/* Opens or shuts; ALL: with everything below. */
	flip(row, all) {
		if (!row.kids)
			return;
		const open = !row.open, todo = [row.call];
		while (todo.length) {
			const c = todo.pop();
			this.set(c, open);
			if (all)
				for (const kid of this.calls.children(c))
					todo.push(kid);
		}
		this.again();
	}

	again() {
		const top = this.box.scrollTop;
		this.show(this.calls, { bare: this.bare, chosen: this.marked() });
		this.box.scrollTop = top;
	}

	move(i) {
		if (i < 0 || i >= this.rows.length)
			return;
		this.at = i;
		this.reveal();
		this.paint(true);
		if (!this.rows[i].group)
			this.choose(this.rows[i].call);
	}

	reveal() {
		const top = this.at * TreeView.ROW, { scrollTop, clientHeight } = this.box;
		if (this.at < 0)
			return;
		if (top < scrollTop)
			this.box.scrollTop = top;
		else if (top + TreeView.ROW > scrollTop + clientHeight)
			this.box.scrollTop = top + TreeView.ROW - clientHeight;
	}

	up(i) {
		const { depth } = this.rows[i];
		while (--i >= 0 && this.rows[i].depth >= depth);
		return i;
	}

	key(event) {
		if (event.ctrlKey || event.metaKey)
			return;
		const i = Math.max(0, this.at), row = this.rows[i], last = this.rows.length - 1;
		const page = Math.floor(this.box.clientHeight / TreeView.ROW) - 1;
		const moves = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, Home: 0, End: last,
			PageDown: Math.min(last, i + page), PageUp: Math.max(0, i - page) };
		if (!row)
			return;
		if (event.key in moves && !event.altKey)
			this.move(moves[event.key]);
		else if (event.key === 'ArrowRight' && row.kids && !row.open)
			this.flip(row, event.altKey);
		else if (event.key === 'ArrowRight' && row.kids)
			this.move(i + 1);
		else if (event.key === 'ArrowLeft' && row.open)
			this.flip(row, event.altKey);
		else if (event.key === 'ArrowLeft')
			this.move(this.up(i));
		else if (event.key === ' ')
			row.group ? this.fold(row) : this.flip(row, event.altKey);
		else if (event.key === 'Enter')
			row.group ? this.fold(row) : this.enter(row.call);
		else
			return;
		event.preventDefault();
		event.stopPropagation();
	}

	/* Opens whatever stands above C. */
	uncover(c) {
		for (const up of this.calls.path(c).slice(0, -1))
			this.set(up, true);
		if (this.folded.hidden[c])
			this.groups.add(this.folded.group[c]);
	}
}
TreeView.ROW = 24; /* pixels, as style.css has it */
TreeView.all = [];
TreeView.WHY = 'Code of libraries that does not call back into the program, and takes less than ' +
	'20 % by itself. What it calls outside is shown below.';
