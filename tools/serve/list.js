/* list.js - the list of sessions: filters, routes with their lines, requests; looked at again every
 * second.  dom.js and units.js of the viewer stand before it.
 * SPDX-License-Identifier: MIT
 */
const List = (() => {
	const EVERY_MS = 1000, SPARK = { width: 150, height: 22 };
	const TERMS = [['route', 'Route', '/api/*'], ['tag', 'Tag', 'before'], ['server', 'Server', ''],
		['status', 'Status', '500', 'short'], ['slower', 'Slower than', '200ms', 'short']];
	const AGES = [['', 'ever'], ['15m', '15 minutes'], ['1h', 'an hour'], ['1d', 'a day'],
		['7d', 'a week']];
	const chosen = new Set();
	let told = null, asking = 0;

	const byId = (id) => document.getElementById(id);
	const nameOf = (session) => session.path.split('/').pop();
	const terms = () => new URLSearchParams(location.hash.slice(1));
	const link = (what, values) => what + '?' + new URLSearchParams(values);

	function setTerm(key, value) {
		const now = terms();
		if (value)
			now.set(key, value);
		else
			now.delete(key);
		location.hash = now;
	}

	function drawFilter() {
		const now = terms();
		const inputs = TERMS.map(([key, label, example, size]) => el('label', label,
			el('input' + (size ? '.' + size : ''), { name: key, value: now.get(key) || '',
				placeholder: example, autocomplete: 'off', spellcheck: 'false',
				onchange: (event) => setTerm(key, event.target.value.trim()) })));
		Dom.fill(byId('filter'), ...inputs,
			Dom.choice('Since', AGES, now.get('since') || '', (age) => setTerm('since', age)),
			el('button', { onclick: () => { location.hash = ''; } }, 'Clear'),
			el('span.wrong', { id: 'wrong', role: 'alert' }));
	}

	/* A line of durations, 0 at the bottom, with a dot at its end. */
	function spark(values) {
		const svg = (tag, attributes, ...kids) => {
			const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
			for (const [key, value] of Object.entries(attributes))
				e.setAttribute(key, value);
			e.append(...kids);
			return e;
		};
		const most = Math.max(...values, 1), step = SPARK.width - 6;
		const at = values.map((value, i) => [
			3 + (values.length > 1 ? step * i / (values.length - 1) : step),
			SPARK.height - 3 - (SPARK.height - 6) * value / most]);
		const [x, y] = at[at.length - 1];
		return svg('svg', { class: 'spark', viewBox: '0 0 ' + SPARK.width + ' ' + SPARK.height,
			role: 'img', 'aria-label': 'the last ' + Units.count(values.length, 'request') +
			', up to ' + Units.time(most) },
		svg('polyline', { points: at.map((p) => p.map((n) => n.toFixed(1)).join(',')).join(' ') }),
		svg('circle', { cx: x, cy: y, r: 2 }));
	}

	function table(titles, rows) {
		return el('table', el('thead', el('tr', ...titles.map(([text, css]) =>
			el('th' + (css || ''), { scope: 'col' }, text)))), el('tbody', ...rows));
	}

	function time(ns, more) {
		return el('td.number' + (more || ''), Units.time(ns));
	}

	function routeRow(r) {
		const slowest = told.sessions.find((s) => s.id === r.slowest);
		return el('tr', el('td', spark(r.durations_ns)),
			el('td.request', el('button.plain', { title: 'only this route',
				onclick: () => setTerm('route', r.route) }, Dom.visible(r.route))),
			el('td.number', String(r.count)), time(r.median_ns), time(r.p95_ns),
			el('td.number', slowest ? el('a', { href: link('page', { s: nameOf(slowest) }) },
				Units.time(r.slowest_ns)) : Units.time(r.slowest_ns)),
			time(r.cpu_median_ns, '.less'),
			el('td', el('a', { href: link('page', { ...Object.fromEntries(terms()),
				route: r.route }), title: 'the newest 200 of them as one page' }, 'merge')));
	}

	function choose(session, on) {
		if (on)
			chosen.add(nameOf(session));
		else
			chosen.delete(nameOf(session));
		drawSessions();
	}

	function sessionRow(s) {
		const name = nameOf(s), is = chosen.has(name);
		return el('tr' + (is ? '.chosen' : ''),
			el('td', el('input', { type: 'checkbox', 'aria-label': 'choose ' + s.id,
				checked: is, onchange: (event) => choose(s, event.target.checked) })),
			el('td.number', Units.date(s.wall_ns)), time(s.duration_ns),
			time(s.cpu_ns, '.less'), time(s.waits_ns, '.less'),
			el('td.number' + (s.status >= 500 || !s.status ? '.bad' : ''), s.status || '–'),
			el('td.request', el('a', { href: link('page', { s: name }) },
				Dom.visible(s.method + ' ' + s.target)), s.complete ? '' : ' (incomplete)'),
			el('td.less', Dom.visible(s.server)), el('td.less', Dom.visible(s.tag)),
			el('td.nowrap.less', s.id));
	}

	function drawRoutes() {
		Dom.fill(byId('routes'), told.routes.length ? table([['Last requests'], ['Route'],
			['Count', '.number'], ['Median', '.number'], ['P95', '.number'],
			['Slowest', '.number'], ['CPU', '.number.less'],
			[el('span.unseen', 'All of them')]],
		told.routes.map(routeRow)) : el('p.none', 'No session is of that kind.'));
	}

	/* Before is the older one. */
	function drawChosen() {
		const names = [...chosen].sort(), foot = byId('chosen');
		foot.hidden = !names.length;
		Dom.fill(foot, el('span', Units.count(names.length, 'session') + ' chosen'),
			names.length === 2 && el('a', { id: 'compare',
				href: link('diff', { before: names[0], after: names[1] }) }, 'Compare'),
			names.length > 1 && el('a', { href: link('page', { s: names.join(',') }) }, 'Merge'),
			el('button', { onclick: () => { chosen.clear(); drawSessions(); } }, 'None'));
	}

	function drawSessions() {
		const focused = document.activeElement && document.activeElement.getAttribute('aria-label');
		Dom.fill(byId('sessions'), told.sessions.length && table([[el('span.unseen', 'Choose')], ['When'],
			['Duration', '.number'], ['CPU', '.number.less'], ['Waits', '.number.less'],
			['Status', '.number'], ['Request'], ['Server', '.less'], ['Tag', '.less'],
			['Id', '.less']], told.sessions.map(sessionRow)));
		/* A row that was in use stays so, though it is a new one. */
		if (focused && focused.startsWith('choose '))
			for (const box of byId('sessions').querySelectorAll('input'))
				if (box.getAttribute('aria-label') === focused)
					box.focus();
		drawChosen();
	}

	function drawCount() {
		const shown = told.sessions.length, count = byId('count');
		count.className = '';
		Dom.fill(count, (shown < told.matching ? 'the newest ' + shown + ' of ' : '') +
			told.matching + (told.matching < told.all ? ' of ' + told.all : '') + ' recorded' +
			told.denied.map((d) => '; ' + Dom.visible(d) + ' may not be read').join(''));
	}

	/* What is chosen and not there any more is chosen no longer. */
	function draw() {
		const names = new Set(told.sessions.map(nameOf));
		for (const name of [...chosen])
			if (!names.has(name))
				chosen.delete(name);
		drawCount();
		drawRoutes();
		drawSessions();
	}

	async function ask(fresh) {
		const number = ++asking, now = terms();
		if (told && !fresh)
			now.set('known', told.version);
		const answer = await fetch('sessions?' + now, { cache: 'no-store' });
		const text = answer.status === 204 ? '' : await answer.text();
		if (number !== asking)
			return; /* a later question is on its way */
		byId('wrong').textContent = answer.status === 400 ? text.trim() : '';
		if (answer.status !== 200)
			return;
		told = JSON.parse(text);
		draw();
	}

	async function look(fresh) {
		try {
			await ask(fresh);
		} catch (error) {
			const count = byId('count');
			count.textContent = 'reqprof serve has ended';
			count.className = 'gone';
		}
	}

	function theme(dark) {
		document.documentElement.dataset.theme = dark.matches ? 'dark' : 'light';
	}

	function start() {
		const dark = matchMedia('(prefers-color-scheme: dark)');
		theme(dark);
		dark.addEventListener('change', () => theme(dark));
		byId('filter').addEventListener('submit', (event) => event.preventDefault());
		addEventListener('hashchange', () => {
			drawFilter();
			look(true);
		});
		setInterval(() => {
			if (!document.hidden)
				look(false);
		}, EVERY_MS);
		drawFilter();
		look(true);
	}

	return { start };
})();
List.start();
