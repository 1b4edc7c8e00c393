/** What a test asks in the page, where this script is put before any of its own: `probes.tooPale()`. */
globalThis.probes = {
  focusedText,
  focusedTag,
  hasOutline,
  widthOfPage,
  groundColour,
  keptElsewhere,
  namelessControls,
  openAll,
  watchBusy,
  longestBusy,
  busyFinding,
  tooPale,
  tooFaint,
};

let longest = 0;

function focusedText() {
  return document.activeElement?.textContent?.trim() ?? '';
}

function focusedTag() {
  const { activeElement: element } = document;
  return element ? [element.localName, ...element.classList].join('.') : '';
}

function hasOutline() {
  return document.activeElement !== null && getComputedStyle(document.activeElement).outlineStyle !== 'none';
}

function widthOfPage() {
  return document.documentElement.scrollWidth;
}

function groundColour() {
  return getComputedStyle(document.body).backgroundColor;
}

/** Cookies, and what outlives the window. */
function keptElsewhere() {
  return [document.cookie, localStorage.length];
}

/** Opens every line that opens. What is in them is drawn before the next frame is over. */
function openAll() {
  for (const line of [...document.querySelectorAll('details')].slice(0, 50)) line.open = true;
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/** Controls, and whatever else takes the focus, that have no name for a listener. */
function namelessControls() {
  return [...document.querySelectorAll('button, input, select, a, summary, [tabindex="0"]')]
    .filter((control) => {
      const labels =
        control instanceof HTMLInputElement || control instanceof HTMLSelectElement ? control.labels : null;
      const named = control.getAttribute('aria-label') ?? control.textContent?.trim();
      return !named && !labels?.length;
    })
    .map((control) => control.outerHTML);
}

/** From now on `longestBusy` knows the longest time that the page has not answered in. */
function watchBusy() {
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  }).observe({ type: 'longtask' });
}

/** Milliseconds. */
function longestBusy() {
  return longest;
}

/** Milliseconds from typing into the search until what it finds is drawn. */
function busyFinding(text) {
  return new Promise((resolve, reject) => {
    const field = document.querySelector('input[type=search]');
    if (!field) return reject(new Error('no search'));
    const begun = performance.now();
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
  });
}

/** Texts, what is typed and placeholders whose contrast with what is behind them is under 4.5 (WCAG 2.2, 1.4.3). */
function tooPale() {
  const pale = [];
  const look = (element, text, style = getComputedStyle(element)) => {
    const ground = behind(element);
    const contrast = contrastOf(over(colourIn(style.color), ground, opacityOf(element)), ground);
    if (contrast < 4.5) pale.push(`${text}: ${contrast.toFixed(2)}`);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (element && text !== '' && !element.closest('.off-screen, :disabled, noscript')) look(element, text);
  }
  for (const field of document.querySelectorAll('input:not([type=checkbox]), select')) {
    look(field, `typed into ${field.id || field.name || field.type}`);
    if (field.placeholder) look(field, field.placeholder, getComputedStyle(field, '::placeholder'));
  }
  return pale;
}

/** Edges of fields, steps of a line of progress and the outline of the focus that are under 3 (WCAG 2.2, 1.4.11). */
function tooFaint() {
  const faint = [];
  const look = (what, colour, ground) => {
    const contrast = contrastOf(over(colourIn(colour), ground, 1), ground);
    if (contrast < 3) faint.push(`${what}: ${contrast.toFixed(2)}`);
  };
  for (const field of document.querySelectorAll('input:not([type=checkbox]), select')) {
    look(field.outerHTML, getComputedStyle(field).borderTopColor, behind(field.parentElement));
  }
  for (const point of document.querySelectorAll('.progress li')) {
    look(point.textContent, getComputedStyle(point, '::before').borderTopColor, behind(point));
  }
  for (const control of document.querySelectorAll('main button:enabled')) {
    control.focus({ focusVisible: true });
    look('the focus', getComputedStyle(control).outlineColor, behind(control.parentElement));
  }
  return [...new Set(faint)];
}

function colourIn(text) {
  const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue, alpha];
}

/** What is seen of a colour on a ground. */
function over([red, green, blue, alpha], ground, opacity) {
  const share = alpha * opacity;
  return [red, green, blue].map((part, at) => part * share + ground[at] * (1 - share));
}

function contrastOf(one, other) {
  const light = (colour) => {
    const [red = 0, green = 0, blue = 0] = colour.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [first, second] = [light(one), light(other)];
  return (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
}

function behind(element) {
  for (let each = element; each; each = each.parentElement) {
    const colour = colourIn(getComputedStyle(each).backgroundColor);
    if (colour[3] === 1) return colour;
  }
  return [255, 255, 255, 1];
}

function opacityOf(element) {
  let opacity = 1;
  for (let each = element; each; each = each.parentElement) opacity *= Number(getComputedStyle(each).opacity);
  return opacity;
}
