/* account.js - where the time of the request went, as a bar whose parts add up to its duration, and
 * as buttons below it: a part that is pressed is all that every view shows.
 * SPDX-License-Identifier: MIT
 */
const Account = (() => {
	const TEXTS = {
		cpu: ['on CPU', 'The thread CPU clock, exactly.'],
		off: ['not running', 'Runnable, but no CPU was free.'],
		idle: ['idle', 'No thread is known to have worked for the request.'],
		unexplained: ['unexplained', 'The rest: every part is measured by itself.'],
		'wait:client': ['client', 'It sends its request, or reads its response, slowly.'],
		'wait:': ['short waits', 'Waits below 20 µs, summed without their stacks.'],
	};

	function words(part) {
		const known = TEXTS[part] || TEXTS['wait:' + part];
		return known ? known[0] : part.replace(/^wait:/, '');
	}

	/* What was waited for in SET, by kind, most first; and for the client, in calls. */
	function kinds(set) {
		const sums = new Map();
		for (const w of Model.waits)
			if (Model.setOf(w.session) === set)
				sums.set(w.group, (sums.get(w.group) || 0) + w.waited);
		const client = sums.get('client') || 0;
		sums.delete('client');
		return { waits: [...sums].sort((a, b) => b[1] - a[1]), client };
	}

	/* The parts of SET, in the order of the bar: {key, ns: for the bar, told: as measured}. */
	function parts(set) {
		const sum = { cpu_ns: 0, waits_ns: 0, client_ns: 0, not_running_ns: 0, idle_ns: 0,
			unexplained_ns: 0 };
		Model.sessions.forEach((s, number) => {
			for (const key in sum)
				sum[key] += Model.setOf(number) === set ? s.account.wall[key] : 0;
		});
		const { waits, client } = kinds(set), waited = waits.reduce((ns, [, part]) => ns + part, 0);
		/* Of threads in parallel a moment counts once: then their waits are drawn in proportion. */
		const scale = waited > sum.waits_ns && waited ? sum.waits_ns / waited : 1;
		const rows = [{ key: 'cpu', ns: sum.cpu_ns }];
		for (const [kind, ns] of waits)
			rows.push({ key: 'wait:' + kind, ns: ns * scale, told: ns });
		if (scale === 1 && sum.waits_ns > waited)
			rows.push({ key: 'wait:', ns: sum.waits_ns - waited });
		rows.push({ key: 'wait:client', ns: sum.client_ns, told: Math.max(client, sum.client_ns) },
			{ key: 'off', ns: sum.not_running_ns },
			{ key: 'idle', ns: sum.idle_ns }, { key: 'unexplained', ns: sum.unexplained_ns });
		return rows.map((row) => ({ told: row.ns, ...row })).filter((row) => row.ns || row.told);
	}

	/* Parts that nobody could see in the bar are told together. */
	function few(sets) {
		const keys = [...new Set(sets.flat().map((row) => row.key))],
			most = Math.max(...Model.sets.map((n, set) => duration(set)));
		const small = keys.filter((key) => key.startsWith('wait:') && sets.flat()
			.every((row) => row.key !== key || row.told < most / 1000));
		return small.length > 2 ? { keys: keys.filter((key) => !small.includes(key)), small }
			: { keys, small: [] };
	}

	function duration(set) {
		return Model.sessions.reduce((sum, s, number) =>
			sum + (Model.setOf(number) === set ? s.account.duration_ns : 0), 0);
	}

	function color(key) {
		return Colors.css(key.replace(/^wait:/, '') || 'other');
	}

	function bar(set, rows) {
		const whole = rows.reduce((sum, row) => sum + Math.max(0, row.ns), 0) || 1;
		const label = rows.map((row) => words(row.key) + ' ' +
			Units.time(Weights.shown(set, row.told))).join(', ');
		return el('div.account', { role: 'img', 'aria-label': label },
			...rows.filter((row) => row.ns > 0)
				.map((row) => el('i', { 'data-part': row.key,
					title: words(row.key) + ': ' + Units.time(Weights.shown(set, row.told)),
					css: { 'flex-grow': row.ns / whole, background: color(row.key) } })));
	}

	function pick(key) {
		State.set({ part: State.now.part === key ? '' : key });
	}

	function button(key, sets) {
		const values = sets.map((rows) => rows.find((row) => row.key === key));
		const [text, why] = TEXTS[key] || [words(key), 'Waits of this kind, measured exactly.'];
		const times = values.map((row, set) => Units.time(Weights.shown(set, row ? row.told : 0)));
		const share = Units.share(values[0] ? values[0].told : 0, duration(0));
		return el('button.part', { title: why + ' Press to see this alone.',
			'aria-pressed': String(State.now.part === key), 'data-part': key,
			onclick: () => pick(key) },
			Dom.dot(color(key)),
			Dom.visible(text), ' ', el('b', times.join(' → ')),
			!Model.diff && el('span.faint', ' ' + share));
	}

	function make() {
		const sets = Model.sets.map((n, set) => parts(set));
		const { keys, small } = few(sets);
		const told = (set) => sets[set].reduce((sum, row) => sum +
			(small.includes(row.key) ? row.told : 0), 0);
		const box = el('div.accounts', { onclick: (event) =>
			event.target.dataset.part !== undefined && event.target.closest('.account') &&
				pick(event.target.dataset.part) });
		sets.forEach((rows, set) => {
			const one = bar(set, rows);
			/* The longer side of a diff fills the width. */
			const most = Math.max(...Model.sets.map((n, k) => Weights.shown(k, duration(k))));
			one.style.width = 100 * Weights.shown(set, duration(set)) / (most || 1) + '%';
			box.append(one);
		});
		box.append(el('div.parts', { role: 'group', 'aria-label': 'Parts of the time' },
			...keys.map((key) => button(key, sets)),
			small.length > 0 && el('span.part.faint', { title: small.map(words).join(', ') },
				small.length + ' smaller waits ' +
				Model.sets.map((n, set) => Units.time(Weights.shown(set, told(set))))
				.join(' → '))));
		return box;
	}

	/* Shows which part is pressed. */
	function draw() {
		for (const e of document.querySelectorAll('.part'))
			e.setAttribute('aria-pressed', String(e.dataset.part === State.now.part));
		for (const e of document.querySelectorAll('.account i'))
			e.classList.toggle('dim', State.now.part !== '' && e.dataset.part !== State.now.part);
	}

	return { make, draw, words, parts, duration };
})();
