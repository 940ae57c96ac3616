/* head.js - which request this is, how long it took, where the time went, and its phases.
 * SPDX-License-Identifier: MIT
 */
const Head = (() => {
	function status(code) {
		const heat = code >= 500 ? 'hot' : code && code < 400 ? 'mild' : 'warm';
		return el('span', { class: 'status ' + heat }, code || 'no status');
	}

	function request({ request: r }) {
		const target = Dom.visible(r.target || '');
		return [el('span.method', Dom.visible(r.method || '?')),
			el('span.target', { title: target }, target), status(r.status)];
	}

	/* Of several sessions the requests that differ, shortly. */
	function title() {
		const { sessions } = Model, routes = [...new Set(sessions.map(Model.route))];
		if (sessions.length === 1)
			return request(sessions[0]);
		if (routes.length === 1)
			return [...request(sessions[0]),
				el('span.times', Model.diff ? 'before and after' : '× ' + sessions.length)];
		return [el('span.target', { title: routes.join('\n') },
			sessions.length + ' requests, ' + routes.length + ' routes')];
	}

	function took() {
		const means = Model.sets.map((n, set) => Weights.shown(set, Account.duration(set)));
		let text = 'duration';
		if (Model.diff)
			text = Units.change(...means) + ', means of ' + Model.sets.join(' and ');
		else if (Model.sessions.length > 1)
			text = 'mean of ' + Model.sessions.length + ' requests';
		return el('div.took', el('b', means.map(Units.time).join(' → ')), el('span', text));
	}

	function sum(of) {
		return Model.sessions.reduce((n, s) => n + of(s), 0);
	}

	function facts() {
		const s = Model.sessions[0], one = Model.sessions.length === 1;
		const samples = sum((x) => x.n_samples), waits = sum((x) => x.n_waits);
		const lost = sum((x) => Object.values(x.lost).reduce((a, b) => a + b, 0));
		const words = [
			Dom.visible(s.request.server || '?') + (one ? ' pid ' + s.request.pid : ''),
			Units.date(s.request.began_wall_ns),
			Units.count(samples, 'sample') +
				(samples ? ' every ' + Units.interval(s.interval_ns) : ''),
			Units.count(waits, 'wait'),
			lost > 0 && lost + ' lost',
		];
		return el('p.facts', words.filter(Boolean).join(' · '),
			one && el('span.id', ' · session ' + Dom.visible(s.id || '')));
	}

	/* What the reader must know before he believes anything. */
	function warnings() {
		const texts = [];
		for (const s of Model.sessions) {
			const who = Model.sessions.length > 1 ? Model.route(s) + ' ' + s.id + ': ' : '';
			if (!s.complete)
				texts.push(who + (s.incomplete_why || 'the session is incomplete'));
			else if (s.request.ended !== 'complete')
				texts.push(who + 'the recording ended early: ' + s.request.ended);
		}
		const bare = sum((s) => s.n_without_tick), all = sum((s) => s.n_segments);
		if (bare && bare === all)
			texts.push('No tick came while it ran: its stacks are those of its two edges.');
		if (!Model.points.n)
			texts.push('No samples were recorded.');
		return texts.slice(0, 5).map((text) => el('p.warning', Dom.visible(text)));
	}

	function phases() {
		const s = Model.sessions[0], all = Timeline.phases(s), end = s.account.duration_ns || 1;
		if (Model.sessions.length > 1 || !all.length)
			return null;
		const words = all.map((p) => p.name + ' ' + Units.time(p.end - p.begin));
		const text = words.join(' · '), percent = (ns) => 100 * ns / end + '%';
		return el('div.phases',
			el('div.strip', { role: 'img', 'aria-label': 'Phases: ' + text },
				...all.map((p, i) => el('i', { class: 'phase-' + i % 2, title: words[i],
					css: { left: percent(p.begin), width: percent(p.end - p.begin) } }))),
			el('span', text));
	}

	function make(head) {
		const n = Model.sessions.length, mean = Units.time(Model.duration / n);
		const route = Model.route(Model.sessions[0]);
		document.title = (n > 1 ? n + ' × ' : '') + route + ' · ' + mean + ' · reqprof';
		Dom.fill(head,
			el('div.headline', el('div.request', el('h1', ...title()), facts()), took()),
			...warnings(), Account.make(), phases());
	}

	return { make };
})();
