/* row.js - rectangles beside each other, in order: columns of begin, end and call.  Flame has one a
 * depth of the tree, Timeline one a depth of a thread.
 * SPDX-License-Identifier: MIT
 */
class Row {
	constructor() {
		this.begin = [];
		this.end = [];
		this.call = [];
	}

	push(begin, end, call) {
		this.begin.push(begin);
		this.end.push(end);
		this.call.push(call);
	}

	/* The first rectangle that ends after AT. */
	after(at) {
		let low = 0, high = this.end.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.end[middle] <= at)
				low = middle + 1;
			else
				high = middle;
		}
		return low;
	}

	/* The rectangle at AT; -1: there is none. */
	at(at) {
		const i = this.after(at);
		return i < this.begin.length && this.begin[i] <= at ? i : -1;
	}

	/* Draws what is in sight of CANVAS, HEIGHT high.  FILL(call) is its colour.  What is thinner
	 * than a pixel is drawn together: a row costs no more than the canvas is wide. */
	paint(canvas, calls, top, height, fill) {
		const [from, to] = canvas.range, chosen = State.now.chosen;
		const ink = Colors.value(Search.now().on ? 'ink' : 'frame-ink');
		let thin = -1, until = -1;
		const flush = () => {
			if (thin >= 0)
				canvas.bar(thin, top, until, height, Colors.value('frame-sliver'));
			thin = -1;
		};
		for (let i = this.after(from); i < this.begin.length && this.begin[i] < to; i++) {
			const x = canvas.x(this.begin[i]), right = canvas.x(this.end[i]), call = this.call[i];
			if (right - x >= 1) {
				canvas.bar(x, top, right, height, fill(call), calls.brief(call), ink);
				if (call === chosen)
					canvas.outline(x, top, right, height);
				continue;
			}
			if (thin >= 0 && x > until + 1)
				flush();
			if (thin < 0)
				thin = Math.max(0, x);
			until = Math.max(right, x + 0.5);
		}
		flush();
	}
}
