/* state.js - what the reader has chosen: one object, kept in the URL's hash, so that a view can be
 * sent to somebody else.  Only the theme is kept elsewhere: it is the reader's, not the profile's.
 * SPDX-License-Identifier: MIT
 */
const State = (() => {
	const DEFAULTS = {
		view: 'tree',
		clock: 'wall', /* or cpu */
		unit: 'time', /* or share */
		part: '', /* of the account: cpu, off, idle, unexplained, wait:KIND */
		q: '', /* the search */
		from: -1, to: -1, /* a range of time, in ns */
		lane: -1, /* one thread only */
		chosen: -1, /* a call of the whole tree */
		fn: -1, /* the function that Sandwich and Source look at */
		zoom: 0, /* the call that Flame is as wide as */
		flame: false, /* the root is at the bottom */
		libraries: false, /* no library calls are hidden */
		least: 1, /* percent: smaller calls are left out of the tree */
		by: 'function', waits: 'object', sort: 'self', up: false,
		file: -1,
	};
	const NUMBERS = ['from', 'to', 'lane', 'chosen', 'fn', 'zoom', 'least', 'file'];
	const SWITCHES = ['flame', 'libraries', 'up'];
	const now = { ...DEFAULTS };
	let changed = () => {}, picked = '';

	function read() {
		const words = new URLSearchParams(location.hash.slice(1));
		Object.assign(now, DEFAULTS);
		for (const [key, text] of words) {
			if (!(key in DEFAULTS))
				continue;
			if (NUMBERS.includes(key))
				now[key] = Number.isFinite(+text) ? +text : DEFAULTS[key];
			else
				now[key] = SWITCHES.includes(key) ? text === '1' : text;
		}
	}

	function write() {
		const words = new URLSearchParams();
		for (const [key, value] of Object.entries(now))
			if (value !== DEFAULTS[key])
				words.set(key, value === true ? '1' : value);
		try {
			history.replaceState(null, '', '#' + words);
		} catch { /* a sandbox may forbid it: then the view cannot be sent, that is all */ }
	}

	/* Changes some of it; everything is drawn once, however often this is called. */
	function set(some) {
		const keys = Object.keys(some).filter((key) => now[key] !== some[key]);
		if (!keys.length)
			return;
		Object.assign(now, some);
		write();
		changed();
	}

	function listen(draw) {
		changed = draw;
		window.addEventListener('hashchange', () => {
			read();
			draw();
		});
	}

	function theme(choice) {
		try {
			if (choice === undefined)
				return localStorage.getItem('reqprof-theme') || '';
			localStorage.setItem('reqprof-theme', choice);
		} catch { /* no storage here */ }
		return choice === undefined ? picked : picked = choice;
	}

	read();
	return { now, set, listen, theme };
})();
