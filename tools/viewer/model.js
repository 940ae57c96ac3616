/* model.js - the one data model: what the page holds, as typed columns.  Every view reads it, none
 * changes it.  Its keys are told in tools/page_parts.h.
 * SPDX-License-Identifier: MIT
 */
const Model = (() => {
	const TICK = 0, EDGE = 1, WAIT = 2, IN_WAIT = 3, LETTERS = 'tewi';
	const m = { TICK, EDGE, WAIT, IN_WAIT, LETTERS };

	/* "v8::Function::Call" of "v8::Function::Call(v8::Local<v8::Context>, int)": the parameters
	 * of C++ are told where there is room. */
	function brief(label) {
		if (!label.endsWith(')') || label.startsWith('['))
			return label;
		let depth = 0, at = label.length;
		while (at-- > 0) {
			depth += label[at] === ')' ? 1 : label[at] === '(' ? -1 : 0;
			if (!depth)
				break;
		}
		return at > 0 ? label.slice(0, at) : label;
	}

	function loadFunctions(raw) {
		m.functions = raw.name.map((name, id) => ({
			id, name,
			label: Dom.visible(name),
			brief: brief(Dom.visible(name)),
			file: m.texts[raw.file[id]],
			module: m.texts[raw.module[id]],
			line: raw.line[id],
			library: raw.kind[id] === 1,
			pseudo: raw.kind[id] === 2,
			wait: m.texts[raw.wait[id]],
		}));
	}

	function loadNodes(raw) {
		const n = raw.up.length, up = new Int32Array(n);
		for (let i = 0; i < n; i++)
			up[i] = raw.up[i] ? i - raw.up[i] : -1;
		const of = (column) => Int32Array.from(raw.frame, (frame) => column[frame]);
		m.nodes = { n, up, fn: of(raw.function), line: of(raw.line) };
	}

	/* Lanes become one table of points; the stacks they end in are numbered by thread and node. */
	function loadPoints(raw) {
		const n = raw.reduce((sum, lane) => sum + lane.node.length, 0);
		const p = { n, stack: new Int32Array(n), lane: new Int32Array(n), kind: new Uint8Array(n),
			at: new Float64Array(n), wall: new Float64Array(n), cpu: new Float64Array(n),
			count: new Int32Array(n).fill(1) };
		const numbers = new Map(), node = [], thread = [];
		let i = 0;
		m.lanes = raw.map((lane, number) => {
			const from = i;
			let at = 0;
			for (let k = 0; k < lane.node.length; k++, i++) {
				const key = lane.thread * m.nodes.n + lane.node[k];
				let stack = numbers.get(key);
				if (stack === undefined) {
					numbers.set(key, stack = node.length);
					node.push(lane.node[k]);
					thread.push(lane.thread);
				}
				p.stack[i] = stack;
				p.lane[i] = number;
				p.kind[i] = LETTERS.indexOf(lane.kinds[k]);
				p.at[i] = at += lane.at[k];
				p.wall[i] = lane.wall[k] + m.sessions[lane.session].interval_ns;
				p.cpu[i] = lane.cpu[k];
				if (lane.count)
					p.count[i] = lane.count[k];
			}
			return { number, session: lane.session, thread: lane.thread, from, to: i };
		});
		m.points = p;
		m.stacks = { n: node.length, node: Int32Array.from(node), thread: Int32Array.from(thread) };
	}

	function loadWaits(raw) {
		m.waits = raw.map((w) => ({
			session: w[0], thread: w[1], at: w[2], span: w[3], cpu: w[4],
			waited: Math.max(0, w[3] - w[4]),
			kind: m.texts[w[5]], object: m.texts[w[6]], node: w[7],
			group: m.functions[m.nodes.fn[w[7]]].wait,
			holder: w.length > 8 ? { words: m.texts[w[8]], node: w[9], tid: w[10],
				request: m.texts[w[11]] } : null,
		}));
	}

	function loadHandoffs(raw) {
		m.handoffs = raw.map(([session, thread, tid, by, given, taken]) =>
			({ session, thread, tid, by: m.texts[by], given, taken }));
	}

	m.load = (raw) => {
		for (const key of ['version', 'tool', 'sessions', 'threads', 'texts', 'modules', 'summed'])
			m[key] = raw[key];
		loadFunctions(raw.functions);
		loadNodes(raw.nodes);
		loadPoints(raw.lanes);
		loadWaits(raw.waits);
		loadHandoffs(raw.handoffs);
		m.stretches = raw.stretches.map(([session, thread, begin, end, cpu]) =>
			({ session, thread, begin, end, cpu }));
		m.sources = raw.sources.map((s) => ({ ...s, path: m.texts[s.file] }));
		m.diff = raw.n_before > 0;
		m.sets = m.diff ? [raw.n_before, m.sessions.length - raw.n_before] : [m.sessions.length];
		m.setOf = (session) => (m.diff && session >= raw.n_before ? 1 : 0);
		m.byThread = m.sessions.some((s) => s.account.lanes.length > 1);
		/* Edges of a short request and exact waits are finer than any tick. */
		const ticked = m.sessions.filter((s) => s.n_samples).map((s) => s.interval_ns);
		m.interval = ticked.length ? Math.min(...ticked) : 1000;
		m.duration = m.sessions.reduce((sum, s) => sum + s.account.duration_ns, 0);
		m.scale = Units.scale(m.duration / m.sessions.length, m.interval);
	};

	/* "shop.c:267", "libc.so.6", '' for a pseudo frame; with PARTS of the path at its end. */
	m.place = (f, parts = 1) => {
		const path = f.file || (f.pseudo ? '' : f.module);
		const end = path.split('/').slice(-parts).join('/');
		return Dom.visible(end) + (f.file && f.line ? ':' + f.line : '');
	};

	m.threadName = (t) => {
		const { name, tid } = m.threads[t];
		return Dom.visible(name || 'thread') + ' ' + tid;
	};

	/* Whether what THREAD did for SESSION is in LANE. */
	m.isIn = (lane, session, thread) => lane.thread === thread && (m.summed
		? m.setOf(lane.session) === m.setOf(session) : lane.session === session);

	m.route = (s) => Dom.visible(((s.request.method || '?') + ' ' + (s.request.target || ''))
		.trim());

	/* The functions of the stack that ends in NODE, root first. */
	m.path = (node) => {
		const path = [];
		for (let at = node; at >= 0; at = m.nodes.up[at])
			path.push(m.nodes.fn[at]);
		return path.reverse();
	};

	return m;
})();
