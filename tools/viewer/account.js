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

	/* The parts that have a button, and those that nobody could see in the bar: told together. */
	function split(sets) {
		const all = sets.flat(), most = Math.max(...Model.sets.map((n, set) => duration(set)));
		const keys = [...new Set(all.map((row) => row.key))];
		const large = (key) => !key.startsWith('wait:') ||
			all.some((row) => row.key === key && row.told >= most / 1000);
		const small = keys.filter((key) => !large(key));
		return small.length > 2 ? { keys: keys.filter(large), small } : { keys, small: [] };
	}

	function duration(set) {
		return Model.sessions.reduce((sum, s, number) =>
			sum + (Model.setOf(number) === set ? s.account.duration_ns : 0), 0);
	}

	function color(key) {
		return Colors.css(key.replace(/^wait:/, '') || 'other');
	}

	/* What the parts KEYS took in each of SETS: "60.3 ms", "60.3 ms → 61.2 ms". */
	function times(sets, keys) {
		return sets.map((rows, set) => Units.time(Weights.shown(set, rows.reduce((sum, row) =>
			sum + (keys.includes(row.key) ? row.told : 0), 0)))).join(' → ');
	}

	function bar(rows, set) {
		const shown = rows.filter((row) => row.ns > 0);
		const whole = shown.reduce((sum, row) => sum + row.ns, 0) || 1;
		const text = (row) => words(row.key) + ' ' + Units.time(Weights.shown(set, row.told));
		const piece = (row) => el('i', { 'data-part': row.key, title: text(row),
			css: { 'flex-grow': row.ns / whole, background: color(row.key) } });
		/* The longer side of a diff fills the width. */
		const lengths = Model.sets.map((n, k) => Weights.shown(k, duration(k)));
		const width = 100 * lengths[set] / (Math.max(...lengths) || 1) + '%';
		return el('div.account', { role: 'img', 'aria-label': rows.map(text).join(', '),
			css: { width } }, ...shown.map(piece));
	}

	function pick(key) {
		State.set({ part: State.now.part === key ? '' : key });
	}

	function button(key, sets) {
		const [text, why] = TEXTS[key] || [words(key), 'Waits of this kind, measured exactly.'];
		const row = sets[0].find((one) => one.key === key);
		const share = !Model.diff && ' ' + Units.share(row.told, duration(0));
		return el('button.part', { title: why + ' Press to see this alone.', 'data-part': key,
			'aria-pressed': 'false', onclick: () => pick(key) },
		Dom.dot(color(key)), Dom.visible(text), ' ', el('b', times(sets, [key])),
		share && el('span.faint', share));
	}

	function make() {
		const sets = Model.sets.map((n, set) => parts(set)), { keys, small } = split(sets);
		const press = ({ target }) => target.matches('.account i') && pick(target.dataset.part);
		return el('div.accounts', { onclick: press }, ...sets.map(bar),
			el('div.parts', { role: 'group', 'aria-label': 'Parts of the time' },
				...keys.map((key) => button(key, sets)),
				small.length > 0 && el('span.part.faint', { title: small.map(words).join(', ') },
					small.length + ' smaller waits ' + times(sets, small))));
	}

	/* Shows which part is pressed. */
	function draw() {
		for (const e of document.querySelectorAll('button.part'))
			e.setAttribute('aria-pressed', String(e.dataset.part === State.now.part));
		for (const e of document.querySelectorAll('.account i'))
			e.classList.toggle('dim', State.now.part !== '' && e.dataset.part !== State.now.part);
	}

	return { make, draw, words, parts, duration };
})();
