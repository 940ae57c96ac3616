/* handoffs.js - how the request came from one thread to another, as arrows over the lanes of
 * Timeline.  Those that would lie on each other are one, thicker, which tells how many.
 * SPDX-License-Identifier: MIT
 */
const Handoffs = (() => {
	const APART = 8, HEAD = 7; /* pixels */
	let all = [], arrows = [], pointed = '', last = -1;

	/* LANES get a `top`, where their states are, before anything is painted. */
	function make(lanes) {
		const lane = (h, of) => lanes.find(({ lane: { session, thread } }) =>
			session === h.session && of(thread));
		all = Model.handoffs.map((h) => ({ ...h, to: lane(h, (t) => t === h.thread),
			from: lane(h, (t) => Model.threads[t].tid === h.tid) }))
			.filter((h) => h.to).sort((a, b) => a.taken - b.taken);
	}

	/* Those in sight; near each other between the same lanes: together. */
	function gather(canvas) {
		const found = new Map();
		for (const h of all) {
			const x = canvas.x(h.given), end = canvas.x(h.taken);
			if (end < 0 || Math.min(x, end) > canvas.width)
				continue;
			const key = [h.session, h.tid, h.thread, Math.round(end / APART)].join();
			if (!found.has(key))
				found.set(key, { key, x, end, of: [] });
			found.get(key).of.push(h);
		}
		return [...found.values()];
	}

	/* From states to states.  A thread that did nothing else for the request has no lane: from
	 * above. */
	function shape({ x, end, of: [{ from, to }] }, canvas) {
		const path = new Path2D(), y = (from ? from.top + 3 : to.top - 16) - canvas.top;
		const tip = to.top - canvas.top + (from && from.top > to.top ? HEAD : 0);
		const angle = Math.atan2(tip - y, end - x);
		path.moveTo(x, y);
		path.lineTo(end, tip);
		for (const side of [angle - 0.45, angle + 0.45]) {
			path.moveTo(end - HEAD * Math.cos(side), tip - HEAD * Math.sin(side));
			path.lineTo(end, tip);
		}
		return path;
	}

	function paint(canvas) {
		const c = canvas.context;
		arrows = gather(canvas);
		c.save();
		c.lineCap = 'round';
		arrows.sort((a, b) => (a.key === pointed) - (b.key === pointed));
		for (const arrow of arrows) {
			const on = arrow.key === pointed, width = 1.2 + Math.log10(arrow.of.length);
			arrow.path = shape(arrow, canvas);
			for (const [ink, more] of [['panel', 2.4], [on ? 'accent' : 'ink', on ? 1 : 0]]) {
				c.strokeStyle = Colors.value(ink);
				c.lineWidth = width + more;
				c.stroke(arrow.path);
			}
		}
		c.restore();
	}

	/* The arrow at a place, which is then marked; undefined: there is none. */
	function at(canvas, x, y) {
		const c = canvas.context, ratio = canvas.element.width / canvas.width;
		c.lineWidth = 8;
		const arrow = arrows.find(({ path }) => c.isPointInStroke(path, x * ratio, y * ratio));
		const key = arrow ? arrow.key : '';
		if (key !== pointed)
			canvas.soon();
		pointed = key;
		return arrow;
	}

	/* What the hand-offs of LIST, of one arrow, are in words. */
	function lines(list) {
		const [h] = list, n = list.length, from = h.from && Model.threadName(h.from.lane.thread);
		return [[...new Set(list.map((one) => one.by))].join(', ') + (n > 1 ? ' × ' + n : ''),
			(from || 'thread ' + h.tid) + ' → ' + Model.threadName(h.thread),
			'given at ' + Units.time(h.given) + ', taken ' + Units.time(h.taken - h.given) +
				' later', ...(n > 1 ? ['the last at ' + Units.time(list[n - 1].taken)] : [])];
	}

	/* The next one, also of those out of sight, as a list. */
	function next() {
		last = (last + 1) % all.length || 0;
		return all.slice(last, last + 1);
	}

	return { make, paint, at, lines, next, drawn: () => arrows };
})();
