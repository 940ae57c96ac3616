/* colors.js - which colour stands for what: parts of the account, kinds of waits, functions on a
 * canvas, differences.  The values themselves are in style.css; a change of theme is noticed here.
 * SPDX-License-Identifier: MIT
 */
const Colors = (() => {
	/* What kind of thing is waited for; others are 'other'. */
	const FAMILIES = {
		net: ['accept', 'connect', 'read', 'recv', 'write', 'send', 'sendfile', 'poll', 'select',
			'epoll_wait', 'upstream', 'getaddrinfo', 'io_uring_enter'],
		lock: ['mutex', 'rwlock', 'cond wait', 'sem wait', 'join thread', 'futex (raw)', 'barrier',
			'semop', 'msgrcv'],
		disk: ['fsync', 'flock', 'open'],
		sleep: ['sleep', 'sigwait'],
		process: ['waitpid', 'spawn'],
		client: ['client'],
	};
	let cache = new Map(), theme = null;

	function family(kind) {
		return Object.keys(FAMILIES).find((name) => FAMILIES[name].includes(kind)) || 'other';
	}

	/* The variable for a kind of wait, or a part of the account. */
	function css(kind) {
		return 'var(--' + (['cpu', 'off', 'idle', 'unexplained'].includes(kind) ? kind
			: family(kind)) + ')';
	}

	/* The value of a variable of style.css. */
	function value(name) {
		if (!theme)
			theme = getComputedStyle(document.documentElement);
		if (!cache.has(name))
			cache.set(name, theme.getPropertyValue('--' + name).trim());
		return cache.get(name);
	}

	function forget() {
		cache = new Map();
		theme = null;
	}

	function hash(text) {
		let h = 2166136261;
		for (let i = 0; i < text.length; i++)
			h = Math.imul(h ^ text.charCodeAt(i), 16777619);
		return (h >>> 8) / (1 << 24);
	}

	/* The program's own code is warm, a hue a function; libraries are cool, a hue a library;
	 * waits have the colour of their kind. */
	function ofFunction(f) {
		const key = 'f' + (f ? f.id : '');
		if (cache.has(key))
			return cache.get(key);
		let color = value('frame-pseudo'); /* what is no function has that, too */
		if (f && f.wait)
			color = value(family(f.wait));
		else if (f && f.library)
			color = 'hsl(' + (200 + 40 * hash(f.module)) + ' ' + value('frame-library') + ')';
		else if (f && !f.pseudo)
			color = 'hsl(' + (14 + 28 * hash(f.name)) + ' ' + value('frame-own') + ')';
		cache.set(key, color);
		return color;
	}

	/* Of a state of a thread: a part of the account or a kind of wait. */
	function ofState(state) {
		return value(state === 'cpu' || state === 'off' ? state : family(state));
	}

	/* Of a diff: red took more, blue less, yellow is new; the stronger, the more of WHOLE. */
	function ofChange(before, after, whole) {
		if (!before && after)
			return value('diff-new');
		const part = whole ? (after - before) / whole : 0;
		const much = Math.min(1, Math.sqrt(Math.abs(part) * 12));
		if (much < 0.05)
			return value('frame-pseudo');
		return 'hsl(' + (part > 0 ? 4 : 214) + ' ' + Math.round(18 + 57 * much) + '% ' +
			(value('dark') ? 34 + 10 * much : 86 - 20 * much) + '%)';
	}

	return { css, value, ofFunction, ofState, ofChange, forget };
})();
