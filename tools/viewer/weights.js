/* weights.js - how much each stack weighs for what the reader has chosen: clock, part of the
 * account, range of time, thread.  Everything that any view shows is a sum of these.
 * SPDX-License-Identifier: MIT
 */
const Weights = (() => {
	let last = { key: '' }, extents = null;

	/* From when to when each point stands: a tick for the time before it, a wait for its own. */
	function span() {
		if (extents)
			return extents;
		const { n, at, wall, kind } = Model.points;
		const begin = new Float64Array(n), end = new Float64Array(n);
		for (const lane of Model.lanes) {
			let free = -Infinity;
			for (let i = lane.from; i < lane.to; i++) {
				if (kind[i] === Model.WAIT) {
					begin[i] = at[i];
					end[i] = at[i] + wall[i];
				} else {
					/* Ticks that came late would overlap what was before them. */
					begin[i] = Math.min(at[i], Math.max(free, at[i] - wall[i]));
					end[i] = kind[i] === Model.IN_WAIT ? begin[i] = at[i] : at[i];
				}
				free = Math.max(free, end[i]);
			}
		}
		return extents = { begin, end };
	}

	/* What of point I belongs to PART ('' for all of it). */
	function ofPoint(i, clock, part) {
		const p = Model.points, wait = p.kind[i] === Model.WAIT;
		if (clock === 'cpu')
			return !part || part === 'cpu' ? p.cpu[i] : 0;
		if (!part)
			return p.wall[i];
		if (part === 'cpu')
			return p.cpu[i];
		if (part === 'off')
			return wait ? 0 : Math.max(0, p.wall[i] - p.cpu[i]);
		const kind = wait && Model.functions[Model.nodes.fn[Model.stacks.node[p.stack[i]]]].wait;
		return part === 'wait:' + kind ? p.wall[i] : 0;
	}

	/* The share of point I that lies between FROM and TO. */
	function within(i, from, to) {
		const { begin, end } = span();
		const length = end[i] - begin[i];
		if (length <= 0)
			return begin[i] >= from && begin[i] < to ? 1 : 0;
		return Math.max(0, Math.min(end[i], to) - Math.max(begin[i], from)) / length;
	}

	function make({ clock, part, from, to, lane }) {
		const p = Model.points, sets = Model.sets.map(() => new Float64Array(Model.stacks.n));
		const total = Model.sets.map(() => 0), whole = Model.sets.map(() => 0);
		const setOf = Model.lanes.map((l) => Model.setOf(l.session));
		for (let i = 0; i < p.n; i++) {
			const set = setOf[p.lane[i]];
			whole[set] += clock === 'cpu' ? p.cpu[i] : p.wall[i];
			if (lane >= 0 && p.lane[i] !== lane)
				continue;
			let w = ofPoint(i, clock, part);
			if (to > from && w)
				w *= within(i, from, to);
			sets[set][p.stack[i]] += w;
			total[set] += w;
		}
		return { sets, total, whole };
	}

	/* {sets: [weight by stack], total, whole: before part, range and thread}, each by set: in a
	 * diff before and after, else one. */
	function now() {
		const s = State.now;
		const key = [s.clock, s.part, s.from, s.to, s.lane].join('|');
		if (last.key !== key)
			last = { key, ...make(s) };
		return last;
	}

	/* The value that is shown: of several sessions the mean of a request. */
	function shown(set, value) {
		return value / Model.sets[set];
	}

	return { now, span, ofPoint, within, shown };
})();
