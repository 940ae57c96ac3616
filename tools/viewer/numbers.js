/* numbers.js - times as the reader wants them: seconds or shares, of a diff both sides and the
 * change.
 * SPDX-License-Identifier: MIT
 */
const Numbers = (() => {
	/* One value of SET, in the unit that was chosen. */
	function text(ns, set = 0) {
		const value = Weights.shown(set, ns);
		if (State.now.unit === 'share')
			return Units.share(value, Weights.shown(set, Weights.now().whole[set]));
		return Units.scaled(Model.scale, value);
	}

	/* The values of all sets. */
	function both(ns) {
		return ns.map(text).join(' → ');
	}

	function whole() {
		return Math.max(...Weights.now().whole.map((ns, set) => Weights.shown(set, ns)));
	}

	/* The part of the whole that NS of SET is, from 0 to 1; of several sets the largest one. */
	function part(ns, set = 0) {
		if (Array.isArray(ns))
			return Math.max(...ns.map(part));
		return Weights.shown(set, ns) / (whole() || 1);
	}

	/* After less before. */
	function delta(ns) {
		return Weights.shown(1, ns[1]) - Weights.shown(0, ns[0]);
	}

	/* How much longer it took, of a diff; a share is one of the whole before. */
	function change(ns) {
		if (State.now.unit === 'share')
			return Units.change(...ns.map((value, set) => Weights.shown(set, value)));
		const told = Units.scaled(Model.scale, delta(ns));
		return (delta(ns) > 0 && /[1-9]/.test(told) ? '+' : '') + told;
	}

	/* 'more', 'less', 'new' or '': how a change is coloured. */
	function way(ns) {
		if (Math.abs(delta(ns)) < whole() / 500)
			return '';
		return !ns[0] ? 'new' : delta(ns) > 0 ? 'more' : 'less';
	}

	/* The three cells in front of a call: total, a bar, own; of a diff before, after, change. */
	function cells(total, self) {
		if (Model.diff)
			return [
				el('span.number', text(total[0], 0)),
				el('span.number', text(total[1], 1)),
				el('span', { class: 'number change ' + way(total) }, change(total)),
			];
		const heat = Units.heat(part(total));
		return [
			el('span', { class: 'number ' + heat }, text(total[0])),
			el('span.share', { 'aria-hidden': 'true' },
				el('i', { css: { background: 'var(--fill-' + heat + ')',
					width: Math.min(100, 100 * part(total)) + '%' } })),
			el('span.number.faint', self[0] ? text(self[0]) : ''),
		];
	}

	return { text, both, whole, part, delta, change, way, cells };
})();
