/* units.js - nanoseconds, shares and bytes as short text, as the tool writes them.
 * SPDX-License-Identifier: MIT
 */
const Units = (() => {
	const US = 1e3, MS = 1e6, SECOND = 1e9;

	/* A time by itself: 412 ns, 17 µs, 1.26 ms, 102.3 ms, 2.104 s. */
	function time(ns) {
		const size = Math.abs(ns), sign = ns < 0 ? '−' : '';
		if (size < US)
			return sign + Math.round(size) + ' ns';
		if (size < 999500)
			return sign + Math.round(size / US) + ' µs';
		if (size < 9995 * US)
			return sign + (size / MS).toFixed(2) + ' ms';
		if (size < 999950 * US)
			return sign + (size / MS).toFixed(1) + ' ms';
		if (size < 120 * SECOND)
			return sign + (size / SECOND).toFixed(3) + ' s';
		return sign + Math.floor(size / SECOND / 60) + ' min ' + Math.floor(size / SECOND % 60) +
			' s';
	}

	/* One scale for a whole table, so that digits stand below digits. */
	function scale(most, interval) {
		if (most >= 10 * SECOND)
			return { unit: 's', ns: SECOND, digits: 3 };
		if (interval >= MS && most >= 10 * MS)
			return { unit: 'ms', ns: MS, digits: 1 };
		if (most >= MS / 10)
			return { unit: 'ms', ns: MS, digits: interval >= MS / 10 && most >= MS ? 2 : 3 };
		return { unit: 'µs', ns: US, digits: 1 };
	}

	function scaled(by, ns) {
		const text = (Math.abs(ns) / by.ns).toFixed(by.digits);
		return (ns < 0 && /[1-9]/.test(text) ? '−' : '') + text + ' ' + by.unit;
	}

	function share(part, whole) {
		return (whole ? 100 * part / whole : 0).toFixed(1).replace('-', '−') + ' %';
	}

	/* How one value became another: "+12.3 %", "new", "gone". */
	function change(from, to) {
		if (from === to)
			return '±0.0 %';
		if (!from || !to)
			return from ? 'gone' : 'new';
		const percent = 100 * (to - from) / from;
		return (percent < 0 ? '−' : '+') + Math.abs(percent).toFixed(1) + ' %';
	}

	function bytes(n) {
		const units = ['kB', 'MB', 'GB', 'TB'];
		let value = n / 1000, i = 0;
		if (n < 1000)
			return n + ' bytes';
		for (; value >= 999.95 && i < 3; i++)
			value /= 1000;
		return value.toFixed(1) + ' ' + units[i];
	}

	/* "1 wait", "2 waits". */
	function count(n, word) {
		return n + ' ' + word + (n === 1 ? '' : 's');
	}

	/* A chosen number, not a measured one: without decimals. */
	function interval(ns) {
		return ns % 1e6 ? ns / 1000 + ' µs' : ns / 1e6 + ' ms';
	}

	/* Sweden writes it as the tool does: 2026-11-22 20:56:42. */
	function date(wallNs) {
		return new Date(Number(wallNs) / 1e6).toLocaleString('sv');
	}

	/* The colour of a part X of the whole: over 60, 20 and 5 percent, as in the terminal. */
	function heat(x) {
		return x > 0.6 ? 'hot' : x > 0.2 ? 'warm' : x > 0.05 ? 'mild' : 'cool';
	}

	return { time, scale, scaled, share, change, bytes, count, interval, date, heat };
})();
