/* lanes.js - the points of a thread as rectangles of time: neighbours that are in the same call are
 * one.  What is drawn of it is timeline.js.
 * SPDX-License-Identifier: MIT
 */
const Lanes = (() => {
	/* The depth of the deepest call that A and B have in common. */
	function common(calls, a, b) {
		while (a !== b)
			if (calls.depth[a] > calls.depth[b])
				a = calls.parent[a];
			else if (calls.depth[b] > calls.depth[a])
				b = calls.parent[b];
			else {
				a = calls.parent[a];
				b = calls.parent[b];
			}
		return calls.depth[a];
	}

	class Builder {
		constructor(calls, base) {
			Object.assign(this, { calls, base, rows: [], open: [], since: [], call: 0,
				end: -Infinity });
		}

		close(depth, at) {
			while (this.open.length > depth) {
				const d = this.open.length - 1;
				this.rows[d] = this.rows[d] || new Row();
				this.rows[d].push(this.since[d], at, this.open.pop());
			}
		}

		/* CALL stands from BEGIN to END; BROKEN: not in one piece with what was before. */
		put(call, begin, end, broken) {
			const same = broken ? 0 : Math.max(0, common(this.calls, call, this.call) - this.base);
			this.close(same, this.end);
			const path = [];
			for (let c = call; this.calls.depth[c] - this.base > same; c = this.calls.parent[c])
				path.push(c);
			while (path.length) {
				this.since[this.open.length] = begin;
				this.open.push(path.pop());
			}
			this.call = call;
			this.end = Math.max(end, this.end);
		}
	}

	/* What a thread did: cpu, off or a kind of wait, in runs. */
	function states(from, to, extents) {
		const p = Model.points, runs = [];
		for (let i = from; i < to; i++) {
			const f = Model.functions[Model.nodes.fn[Model.stacks.node[p.stack[i]]]];
			const begin = extents.begin[i], end = extents.end[i];
			if (end <= begin || f.wait === 'upstream')
				continue;
			const ran = p.cpu[i] * 2 >= p.wall[i] ? 'cpu' : 'off';
			const state = p.kind[i] === Model.WAIT ? f.wait : ran;
			const last = runs[runs.length - 1];
			if (last && last.state === state && begin - last.end < Model.interval)
				last.end = end;
			else
				runs.push({ begin, end, state });
		}
		return runs;
	}

	function make(lane) {
		const calls = Calls.whole(), p = Model.points, extents = Weights.span();
		const session = Model.sessions[lane.session];
		const mine = (x) => Model.isIn(lane, x.session, x.thread);
		const stretches = Model.stretches.filter(mine).sort((a, b) => a.begin - b.begin);
		const b = new Builder(calls, Model.byThread ? 1 : 0), gap = 2 * session.interval_ns;
		let wall = 0, cpu = 0, k = 0;
		for (let i = lane.from; i < lane.to; i++) {
			const f = Model.functions[Model.nodes.fn[Model.stacks.node[p.stack[i]]]];
			const begin = extents.begin[i], end = extents.end[i];
			wall += p.wall[i];
			cpu += p.cpu[i];
			if (end <= begin || f.wait === 'upstream')
				continue;
			let broken = begin - b.end > gap;
			while (k < stretches.length && stretches[k].end <= begin) {
				broken = broken || stretches[k].end >= b.end;
				k++;
			}
			b.put(calls.ofStack[p.stack[i]], begin, end, broken);
		}
		b.close(0, b.end);
		return { lane, session, rows: b.rows, wall, cpu, stretches,
			began: stretches.length ? stretches[0].begin : 0,
			states: states(lane.from, lane.to, extents),
			away: Model.waits.filter((w) => mine(w) && w.kind === 'upstream').map((w) => (
				{ begin: w.at, end: w.at + w.span, text: Dom.visible('upstream ' + w.object) })) };
	}

	return { make };
})();
