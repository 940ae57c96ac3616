/* exports.js - the profile for other tools, made in the page: all of it, whatever is chosen, on the
 * clock that is chosen.  `reqprof export` writes the same and more.
 * SPDX-License-Identifier: MIT
 */
const Exports = (() => {
	/* Stacks as the functions they are, without lines: numbered by first appearance. */
	function chains() {
		const numbers = new Map(), paths = [], known = new Map();
		const of = (node) => {
			if (known.has(node))
				return known.get(node);
			const path = Model.path(node), key = path.join();
			if (!numbers.has(key)) {
				numbers.set(key, paths.length);
				paths.push(path);
			}
			known.set(node, numbers.get(key));
			return numbers.get(key);
		};
		return { of, paths };
	}

	function ns(i) {
		return State.now.clock === 'cpu' ? Model.points.cpu[i] : Model.points.wall[i];
	}

	function folded() {
		const all = chains(), sums = [], { stack, n } = Model.points;
		for (let i = 0; i < n; i++) {
			const chain = all.of(Model.stacks.node[stack[i]]);
			sums[chain] = (sums[chain] || 0) + ns(i);
		}
		let sum = 0, written = 0, text = '';
		all.paths.forEach((path, chain) => {
			/* What rounding takes from a line goes to the next: the sum stays right. */
			sum += sums[chain] || 0;
			const us = Math.floor(sum / 1000) - written;
			if (us <= 0)
				return;
			written += us;
			text += path.map((f) => Model.functions[f].label.replace(/;/g, ':'))
				.join(';') + ' ' + us + '\n';
		});
		return text;
	}

	function speedscope() {
		const all = chains(), several = Model.sessions.length > 1;
		const profiles = Model.lanes.map((lane) => {
			const { name, tid } = Model.threads[lane.thread], samples = [], weights = [];
			for (let i = lane.from; i < lane.to; i++) {
				samples.push(all.paths[all.of(Model.stacks.node[Model.points.stack[i]])]);
				weights.push(ns(i));
			}
			return { type: 'sampled', unit: 'nanoseconds', startValue: 0,
				name: name + ' ' + tid + (several ? ', ' + Model.sessions[lane.session].id : ''),
				endValue: weights.reduce((a, b) => a + b, 0), samples, weights };
		});
		const frames = Model.functions.map((f) => ({ name: f.name,
			file: f.pseudo ? undefined : f.file || f.module, line: f.line || undefined }));
		return JSON.stringify({ $schema: 'https://www.speedscope.app/file-format-schema.json',
			exporter: Model.tool.replace(' ', '@'), name: Model.sessions[0].request.target,
			shared: { frames }, profiles });
	}

	/* As `reqprof export -f json`; moments are on the machine's clock again.  That has more digits
	 * than a number of JavaScript: they are text until the very end, which a text cannot imitate,
	 * since its quotes are escaped. */
	function json() {
		const all = chains(), p = Model.points, kinds = ['tick', 'edge', 'wait', 'in wait'];
		const first = Model.sessions.map((s) => BigInt(s.first_ns));
		const at = (session, since) => String(first[session] + BigInt(since));
		const samples = [];
		for (let i = 0; i < p.n; i++) {
			const { thread, session } = Model.lanes[p.lane[i]];
			if (p.kind[i] !== Model.WAIT)
				samples.push({ kind: kinds[p.kind[i]], thread,
					stack: all.of(Model.stacks.node[p.stack[i]]), at_ns: at(session, p.at[i]),
					wall_ns: p.wall[i], cpu_ns: p.cpu[i] });
		}
		const held = (h) => h && { words: h.words, tid: h.tid || null, request: h.request || null,
			stack: h.node < 0 ? null : all.of(h.node) };
		const waits = Model.waits.map((w) => ({ kind: w.kind, object: w.object || null,
			held: held(w.holder), thread: w.thread, stack: all.of(w.node),
			at_ns: at(w.session, w.at), span_ns: w.span, cpu_ns: w.cpu }));
		const handoffs = Model.handoffs.map((h) => ({ thread: h.thread, from_tid: h.tid, by: h.by,
			given_ns: at(h.session, h.given), taken_ns: at(h.session, h.taken) }));
		const sessions = Model.sessions.map((s) => {
			const { first_ns, client, shorts, n_segments, n_without_tick, ...rest } = s;
			return rest;
		});
		const functions = Model.functions.map((f) => ({ function: f.name, file: f.file || null,
			line: f.line || null, module: f.pseudo ? null : f.module, library: f.library }));
		const top = { ...(sessions.length > 1 ? { sessions } : sessions[0]), version: Model.version,
			threads: Model.threads, functions, stacks: all.paths, samples, waits,
			handoffs, modules: Model.modules };
		return JSON.stringify(top, null, 1)
			.replace(/"(at_ns|given_ns|taken_ns|began_wall_ns)": "(\d+)"/g, '"$1": $2') + '\n';
	}

	const FORMATS = {
		'pprof': { end: '.pb.gz', make: () => Pprof.make() },
		'speedscope': { end: '.speedscope.json', make: speedscope, moments: true },
		'folded stacks': { end: '.folded', make: folded },
		'JSON': { end: '.json', make: json, moments: true },
	};

	function offered() {
		return Object.keys(FORMATS).filter((name) => !Model.summed || !FORMATS[name].moments);
	}

	async function save(name) {
		const format = FORMATS[name], url = URL.createObjectURL(new Blob([await format.make()]));
		const base = (Model.sessions[0].id || 'profile').replace(/[^A-Za-z0-9._-]/g, '_');
		const a = el('a', { href: url, download: base + format.end });
		document.body.append(a);
		a.click();
		a.remove();
		setTimeout(() => URL.revokeObjectURL(url), 10000);
	}

	return { offered, save, folded, speedscope, json };
})();
