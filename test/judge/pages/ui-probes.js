/** What a test asks in the page, where this script is put before any of its own: `probes.tooPale()`. */
globalThis.probes = {
  focusedText,
  focusedTag,
  hasOutline,
  widthOfPage,
  groundColour,
  keptElsewhere,
  namelessControls,
  busyFinding,
  tooPale,
};

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

/** Controls that have no name for a listener. */
function namelessControls() {
  return [...document.querySelectorAll('button, input, select, a')]
    .filter((control) => {
      const labels =
        control instanceof HTMLInputElement || control instanceof HTMLSelectElement ? control.labels : null;
      const named = control.getAttribute('aria-label') ?? control.textContent?.trim();
      return !named && !labels?.length;
    })
    .map((control) => control.outerHTML);
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

/** Texts whose contrast with what is behind them is under 4.5 (WCAG 2.2, 1.4.3). */
function tooPale() {
  const read = (text) => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return [red, green, blue, alpha];
  };
  const light = ([red, green, blue]) => {
    const [r = 0, g = 0, b = 0] = [red, green, blue].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = read(getComputedStyle(each).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const pale = [];
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (!element || text === '' || element.closest('.off-screen, :disabled, noscript')) continue;
    const [one, other] = [light(read(getComputedStyle(element).color)), light(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) pale.push(`${text}: ${contrast.toFixed(2)}`);
  }
  return pale;
}
