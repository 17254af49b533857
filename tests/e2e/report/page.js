// What is wrong with the page as it is shown: text that is hard to read, things that reach out, foreign elements.
(() => {
  const wrong = [];
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    seen += 1;
    const [a, b] = [channels(getComputedStyle(element).color), ground(element)].map(light);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) wrong.push(`contrast ${contrast.toFixed(2)}: ${element.className}: ${texts.currentNode.data.slice(0, 40)}`);
  }
  if (seen < 30) wrong.push(`only ${seen} texts`);
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) wrong.push(`scrolls sideways: ${document.documentElement.scrollWidth} > ${width}`);
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest('pre, .table, svg') || !element.checkVisibility()) continue;
    const box = element.getBoundingClientRect();
    if (box.width && box.right > width + 1) wrong.push(`reaches out: ${element.tagName}.${element.className}`);
  }
  if (matchMedia('print').matches) {
    // Nobody scrolls paper.
    for (const box of document.querySelectorAll('pre, .table')) {
      if (box.scrollWidth > box.clientWidth + 1) wrong.push(`cut on paper: ${box.className}: ${box.textContent.slice(0, 40)}`);
    }
    for (const head of document.querySelectorAll('h1, h2, h3, h4, .finding > .row')) {
      if (getComputedStyle(head).breakInside !== 'avoid') wrong.push(`breaks apart: ${head.textContent}`);
    }
  }
  const foreign = document.querySelectorAll('script, img, iframe, object, embed, link, form, [style], [onerror], [onclick]');
  if (foreign.length) wrong.push(`foreign elements: ${[...foreign].map((it) => it.outerHTML.slice(0, 60))}`);
  if (document.styleSheets.length !== 1) wrong.push(`${document.styleSheets.length} styles`);
  for (const link of document.querySelectorAll('a')) {
    if (!/^(https?:|#|file:.*#finding-\d+$)/.test(link.href)) wrong.push(`link: ${link.href}`);
  }
  return wrong;
})();
