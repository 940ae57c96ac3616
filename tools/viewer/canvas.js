/* canvas.js - what Flame and Timeline share: a sharp canvas that fills its box, text that fits a
 * rectangle, a range that moves smoothly, wheel, drag, pinch and keys.
 * SPDX-License-Identifier: MIT
 */
class Canvas {
	constructor(label, paint) {
		this.element = el('canvas', { tabindex: '0', role: 'application', 'aria-label': label });
		this.space = el('div.canvas-space', this.element);
		this.box = el('div.canvas-box', { onscroll: () => this.soon() }, this.space);
		this.tip = el('div.tip', { hidden: true });
		this.frame = el('div.canvas-frame', this.box, this.tip);
		this.context = this.element.getContext('2d');
		this.paint = paint;
		this.width = this.height = 0;
		this.frames = []; /* how long the last paints took, in ms */
		new ResizeObserver(() => this.soon()).observe(this.box);
	}

	/* Paints at the next frame, once. */
	soon() {
		if (this.waiting)
			return;
		this.waiting = true;
		requestAnimationFrame((now) => {
			this.waiting = false;
			this.now(now);
		});
	}

	/* How high all of it is; what does not fit is scrolled. */
	tall(height) {
		this.space.style.height = height + 'px';
	}

	get top() {
		return this.paper ? 0 : this.box.scrollTop;
	}

	/* On paper (PAPER: true): all of it, as far as a sheet goes, as wide as the sheet. */
	print(paper) {
		this.paper = paper && [900, Math.min(1100, this.space.offsetHeight)];
		this.now(performance.now());
	}

	now(now) {
		const began = performance.now(), ratio = devicePixelRatio || 1;
		const [width, height] = this.paper || [this.box.clientWidth, this.box.clientHeight];
		if (!width || !height)
			return;
		if (this.element.width !== Math.round(width * ratio) ||
			this.element.height !== Math.round(height * ratio)) {
			this.element.width = Math.round(width * ratio);
			this.element.height = Math.round(height * ratio);
			this.element.style.width = width + 'px';
			this.element.style.height = height + 'px';
		}
		this.width = width;
		this.height = height;
		const c = this.context;
		c.setTransform(ratio, 0, 0, ratio, 0, 0);
		c.clearRect(0, 0, width, height);
		c.font = '11.5px ' + Colors.value('mono');
		c.textBaseline = 'middle';
		this.letter = this.letter || c.measureText('MMMMMMMMMM').width / 10;
		const moves = this.move(now);
		this.paint(c, width, height);
		if (moves)
			this.soon();
		this.frames.push(performance.now() - began);
		if (this.frames.length > 240)
			this.frames.shift();
	}

	/* --- the range in sight: [from, to], gliding to where it shall be --- */

	look(from, to, atOnce) {
		const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
		const still = atOnce || calm || !this.range;
		this.aim = [from, to];
		if (still) {
			this.range = [from, to];
			this.glide = null;
		} else {
			this.glide = { from: this.range.slice(), since: 0 };
		}
		this.soon();
	}

	move(now) {
		const g = this.glide;
		if (!g)
			return false;
		g.since = g.since || now;
		const t = Math.min(1, (now - g.since) / Canvas.GLIDE_MS), eased = 1 - (1 - t) ** 3;
		this.range = [0, 1].map((i) => g.from[i] + (this.aim[i] - g.from[i]) * eased);
		if (t === 1)
			this.glide = null;
		return t < 1;
	}

	x(value) {
		return (value - this.range[0]) / (this.range[1] - this.range[0]) * this.width;
	}

	value(x) {
		return this.range[0] + x / this.width * (this.range[1] - this.range[0]);
	}

	/* Zooms by FACTOR around X, within [least, most], to no less than FINEST. */
	zoom(factor, x, [least, most], finest, atOnce) {
		const [from, to] = this.aim, at = from + x / this.width * (to - from);
		const span = Math.min(most - least, Math.max(finest, (to - from) * factor));
		const begin = Math.min(most - span, Math.max(least, at - (at - from) / (to - from) * span));
		this.look(begin, begin + span, atOnce);
	}

	/* Moves by so many pixels. */
	pan(pixels, [least, most], atOnce) {
		const [from, to] = this.aim, by = pixels / this.width * (to - from);
		const step = Math.max(least - from, Math.min(most - to, by));
		this.look(from + step, to + step, atOnce);
	}

	/* A rectangle from X to END with TEXT, cut in the middle, when there is room for some of it. */
	bar(x, y, end, height, fill, text, ink) {
		const c = this.context, left = Math.max(x, -2), right = Math.min(end, this.width + 2);
		c.fillStyle = fill;
		c.fillRect(left, y, Math.max(right - left - (right - left > 2 ? 0.6 : 0), 0.5), height);
		const room = Math.floor((right - Math.max(left, 0) - 8) / this.letter);
		if (!text || room < 3)
			return;
		c.fillStyle = ink;
		c.fillText(Dom.cut(text, room), Math.max(left, 0) + 4, y + height / 2 + 0.5);
	}

	/* A frame around what was chosen. */
	outline(x, y, end, height) {
		const c = this.context, left = Math.max(x, 0) + 1;
		const right = Math.min(end, this.width) - 1;
		c.save();
		c.globalAlpha = 1;
		c.strokeStyle = Colors.value('accent');
		c.lineWidth = 2;
		c.strokeRect(left, y + 1, Math.max(1, right - left), height - 2);
		c.restore();
	}

	/* Where a pointer is, in the part that is in sight. */
	point(event) {
		const box = this.element.getBoundingClientRect();
		return [event.clientX - box.left, event.clientY - box.top];
	}

	/* Lines of text beside the pointer; none: hidden. */
	hint(event, lines) {
		this.tip.hidden = !lines;
		if (!lines)
			return;
		this.tip.replaceChildren(...lines.map((text, i) => el(i ? 'div' : 'strong', text)));
		const frame = this.frame.getBoundingClientRect();
		const x = event.clientX - frame.left, y = event.clientY - frame.top;
		const { offsetWidth: w, offsetHeight: h } = this.tip;
		this.tip.style.left = Math.max(4, x + 16 + w > frame.width ? x - w - 12 : x + 16) + 'px';
		this.tip.style.top = Math.max(4, y + 16 + h > frame.height ? y - h - 12 : y + 16) + 'px';
	}

	/* Drag and pinch: DRAG(dx, dy, event), PINCH(factor, x), PRESS(x, y, event) when nothing
	 * moved. */
	listen({ drag, pinch, press, hover, wheel }) {
		const down = new Map();
		let moved = false, apart = 0;
		const e = this.element;
		const spread = () => {
			const [a, b] = [...down.values()];
			return Math.hypot(a[0] - b[0], a[1] - b[1]);
		};
		e.addEventListener('pointerdown', (event) => {
			down.set(event.pointerId, this.point(event));
			moved = down.size > 1;
			apart = down.size === 2 ? spread() : 0;
		});
		e.addEventListener('pointermove', (event) => {
			const at = this.point(event), from = down.get(event.pointerId);
			if (!from) {
				hover(at[0], at[1], event);
				return;
			}
			if (!moved && Math.hypot(at[0] - from[0], at[1] - from[1]) < 4)
				return;
			if (!moved)
				e.setPointerCapture(event.pointerId);
			moved = true;
			this.hint(event, null);
			down.set(event.pointerId, at);
			if (down.size === 2) {
				const now = spread(), [a, b] = [...down.values()];
				pinch(apart / Math.max(1, now), (a[0] + b[0]) / 2);
				apart = now;
			} else {
				drag(at[0] - from[0], at[1] - from[1], event, from);
			}
		});
		const up = (event) => {
			if (down.delete(event.pointerId) && !moved && event.type === 'pointerup')
				press(...this.point(event), event);
		};
		e.addEventListener('pointerup', up);
		e.addEventListener('pointercancel', up);
		e.addEventListener('pointerleave', (event) => this.hint(event, null));
		e.addEventListener('wheel', (event) => wheel(event, this.point(event)[0]),
			{ passive: false });
	}
}
Canvas.GLIDE_MS = 180;
