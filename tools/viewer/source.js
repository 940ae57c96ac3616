/* source.js - the lines of the program with the time they took, where its source could be read when
 * the page was made.
 * SPDX-License-Identifier: MIT
 */
const Source = (() => {
	const view = { name: 'Source' };
	let bar, box, note;

	view.has = (f) => !!f.file && Model.sources.some((s) => s.path === f.file);

	/* The row of sums of each line with time. */
	function times() {
		const rows = new Map();
		for (const row of Sums.by('line'))
			if (Sums.fn(row).file)
				rows.set(Sums.fn(row).file + '\0' + Model.nodes.line[row.node], row);
		return (source, number) => rows.get(source.path + '\0' + number);
	}

	/* Files that can be read, most own time first; of equal ones those with most under them. */
	function files() {
		const sums = new Map(Sums.by('file').map((row) => [Sums.fn(row).file, row]));
		const of = ({ path }, what) => (sums.has(path) ? Math.max(...sums.get(path)[what]) : 0);
		return Model.sources
			.map((s, number) => ({ source: s, number, self: of(s, 'self'), total: of(s, 'total') }))
			.sort((a, b) => b.self - a.self || b.total - a.total);
	}

	view.make = (panel) => {
		bar = el('div.tools');
		note = el('p.note');
		box = Dom.scroll('Source', '.code');
		panel.append(bar, note, box);
	};

	function line(text, number, row, target) {
		const self = !!row && row.self.some((ns) => ns > 0);
		const heat = self && Units.heat(Numbers.part(row.self));
		const code = Dom.visible(text.replace(/\t/g, '    '));
		return el('tr', { class: (self ? 'lit-' + heat : '') + (target ? ' target' : '') },
			el('td', { class: 'number ' + (heat || '') }, self && Numbers.both(row.self)),
			el('td.number.faint', row && Numbers.both(row.total)),
			el('td.number.faint', number),
			el('td.text', ...Dom.marked(code, Search.now().re)));
	}

	/* The lines of a file, from the first one with TARGET, or with much time, in sight. */
	function show(source, target) {
		const rows = times(), body = el('tbody');
		source.lines.forEach((lines, run) => {
			if (run)
				body.append(el('tr.gap', el('td', { colspan: 4 }, '⋯')));
			lines.forEach((text, i) => {
				const number = source.from[run] + i;
				body.append(line(text, number, rows(source, number), number === target));
			});
		});
		const head = (text) => el('th.right', { scope: 'col' }, text);
		const heads = ['Self', 'Total', 'Line'].map(head);
		Dom.fill(box, el('table.lines',
			el('thead', el('tr', ...heads, el('th', { scope: 'col' }, 'Source'))), body));
		const to = body.querySelector('.target') ||
			body.querySelector('.lit-hot, .lit-warm, .lit-mild');
		if (to && box.target !== source.path + target)
			box.scrollTop = Math.max(0, to.offsetTop - box.clientHeight / 3);
		box.target = source.path + target;
	}

	view.draw = () => {
		const all = files(), f = Model.functions[State.now.fn];
		const chosen = all.find((x) => x.number === State.now.file) ||
			f && all.find((x) => x.source.path === f.file) || all[0];
		box.hidden = !chosen;
		note.hidden = !!chosen && !chosen.source.changed;
		note.textContent = chosen
			? 'This file is younger than the recording: lines may not be those that ran.'
			: 'No source file could be read when this page was made.';
		if (!chosen)
			return;
		const text = ({ source, self }) => Dom.visible(source.path.split('/').slice(-3).join('/')) +
			(self ? '  ' + Numbers.text(self) : '');
		Dom.fill(bar,
			Dom.choice('File', all.map((x) => [String(x.number), text(x)]), String(chosen.number),
				(number) => State.set({ file: +number, fn: -1 })),
			el('span.note-inline', Dom.visible(chosen.source.path)));
		show(chosen.source, f && f.file === chosen.source.path ? f.line : 0);
	};

	return view;
})();
