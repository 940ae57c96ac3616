/* info.js - the rest: how sessions were recorded, what was lost, what it cost, whence the names.
 * SPDX-License-Identifier: MIT
 */
const Info = (() => {
	const MOST = 200, view = { name: 'Info' };
	let box;

	function section(title, ...kids) {
		return el('section', el('h2', title), ...kids);
	}

	/* Names and values; what is not known is left out. */
	function facts(rows) {
		const known = rows.filter(([, value]) => Dom.isThere(value) && value !== '');
		return el('dl', ...known.flatMap(([name, value]) =>
			[el('dt', name), el('dd', Dom.visible(String(value)))]));
	}

	/* A column whose head begins with # is one of numbers. */
	function table(heads, rows) {
		const numbers = heads.map((head) => head.startsWith('#'));
		const head = (text, i) => el('th', { scope: 'col', class: numbers[i] ? 'right' : '' },
			text.replace('#', ''));
		const cell = (text, i) => el('td', { class: numbers[i] ? 'number' : 'place' },
			Dom.visible(String(text)));
		return el('div.wide-table', el('table',
			el('thead', el('tr', ...heads.map(head))),
			el('tbody', ...rows.map((row) => el('tr', ...row.map(cell))))));
	}

	function request(s) {
		const r = s.request, walks = s.counters.walks_libunwind, cost = s.counters.overhead_ns;
		return facts([
			['Request', Model.route(s) + ' ' + (r.protocol || '')],
			['Status', r.status],
			['Host', r.host],
			['Client', r.peer],
			['Server', r.local],
			['Process', r.server + ' pid ' + r.pid],
			['Began', Units.date(r.began_wall_ns)],
			['Trigger', r.trigger],
			['Tag', r.tag],
			['Traceparent', r.traceparent],
			['Bytes', Units.bytes(r.bytes_in) + ' in, ' + Units.bytes(r.bytes_out) + ' out'],
			['Recording', s.complete ? r.ended : s.incomplete_why],
			['Sampling', Units.count(s.n_samples, 'sample') + ' every ' +
				Units.interval(s.interval_ns) + ' of wall time, by a timer in each thread'],
			['Stacks', walks ? walks + ' of them walked by libunwind' : 'walked by tables'],
			['Waits', s.n_waits + ', each measured by itself'],
			['Overhead', cost && Units.time(cost) + ' for the recording (' +
				Units.share(cost, s.account.duration_ns) + ')'],
			['Session', s.id],
			['File', s.path],
			['Page made in (ms)', performance.getEntriesByType('navigation')[0]?.serverTiming
				.find((t) => t.name === 'reqprof')?.duration],
		]);
	}

	function sessions() {
		const side = (i) => (Model.diff ? ['before', 'after'][Model.setOf(i)] : i + 1);
		const rows = Model.sessions.map((s, i) => [side(i), Model.route(s),
			s.request.status || '–', Units.time(s.account.duration_ns),
			Units.time(s.account.cpu_ns), Units.time(s.account.waits_ns), s.n_samples,
			Units.date(s.request.began_wall_ns), s.id]);
		return table(['Set', 'Request', '#Status', '#Duration', '#CPU', '#Waits', '#Samples',
			'Began', 'Session'], rows);
	}

	function threads() {
		const row = (l) => [l.name + ' ' + l.tid, Units.time(l.span_ns), Units.time(l.cpu_ns),
			Units.time(l.waits_ns), Units.time(l.not_running_ns), l.minor_faults + l.major_faults,
			l.switches_voluntary + l.switches_forced];
		return table(['Thread', '#Worked', '#CPU', '#Waits', '#Not running', '#Page faults',
			'#Switches'], Model.sessions.flatMap((s) => s.account.lanes.map(row)).slice(0, MOST));
	}

	/* Of all sessions; of what is a maximum, or a property of the machine, the largest. */
	function sums(of) {
		const all = new Map(), largest = /^most_|_max_|_tick_/;
		for (const [name, value] of Model.sessions.flatMap((s) => Object.entries(of(s)))) {
			const sum = all.get(name) || 0;
			all.set(name, largest.test(name) ? Math.max(sum, value) : sum + value);
		}
		return [...all];
	}

	function counter([name, value]) {
		const words = name.replace(/_ns$/, '').replaceAll('_', ' ');
		if (name.endsWith('_ns'))
			return [words, Units.time(value)];
		return [words, name.endsWith('_bytes') ? Units.bytes(value) : value];
	}

	function modules() {
		const s = Search.now(), some = Model.modules.filter((m) => !s.on || s.re.test(m.path));
		return table(['Module', 'Names', 'Build-id', 'Names from'],
			some.map((m) => [m.path, m.symbols, m.build_id, m.symbol_file || '']));
	}

	view.make = (panel) => {
		box = Dom.scroll('Info', '.info');
		panel.append(box);
	};

	view.draw = () => {
		const one = Model.sessions.length === 1, lost = sums((s) => s.lost);
		Dom.fill(box,
			!one && section('Sessions', sessions()),
			el('div.two',
				one && section('Request', request(Model.sessions[0])),
				section('Counters', facts(sums((s) => s.counters).map(counter)))),
			section('Lost', lost.length ? table(['What', '#Count'], lost) : el('p', 'Nothing.')),
			section('Threads', threads()),
			section('Modules', modules()),
			el('p.faint', 'Made by ' + Model.tool + '. This page asks nobody for anything: what ' +
				'it shows is in it.'));
	};

	return view;
})();
