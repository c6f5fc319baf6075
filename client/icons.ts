/** Drawn for this page: strokes on a 24 × 24 field. */
const paths = {
  microphone: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4M9 21h6',
  muted:
    'M15 8V6a3 3 0 0 0-5.6-1.5M9 9v2a3 3 0 0 0 4.7 2.5M6 11a6 6 0 0 0 9.5 4.9M18 11a6 6 0 0 1-.5 2.3M12 17v4M9 21h6M4 3l16 18',
  wave: 'M4 10v4M8 7v10M12 4v16M16 8v8M20 10v4',
  text: 'M5 7h14M5 12h14M5 17h8',
  thinking: 'M6 12h.01M12 12h.01M18 12h.01',
  loading: 'M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4',
  speaker: 'M5 10v4h3l5 4V6L8 10zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11',
  again: 'M5 12a7 7 0 0 1 12-5l2 2M19 4v5h-5M19 12a7 7 0 0 1-12 5l-2-2M5 20v-5h5',
  warning: 'M12 4 2.5 20h19zM12 10v5M12 17.5h.01',
  stop: 'M7 7h10v10H7z',
  play: 'M8 5.5v13l11-6.5z',
  more: 'M12 6v.01M12 12v.01M12 18v.01',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  send: 'M4 12h15M13 6l6 6-6 6',
  settings: 'M4 7h9M19 7h1M16 4.5v5M4 17h3M13 17h7M10 14.5v5',
  history: 'M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4l3 2',
  fresh: 'M12 5v14M5 12h14',
  off: 'M12 3v8M6.5 6.5a8 8 0 1 0 11 0',
} as const

export type IconName = keyof typeof paths

const SVG = 'http://www.w3.org/2000/svg'

/** A picture beside a word or a name, which say what it means: screen readers pass over it. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', paths[name])
  svg.append(path)
  return svg
}
