// ThumbHash, decoded: some 25 bytes become a small picture to look at until the real one is there.
// The algorithm and its numbers are Evan Wallace's, https://github.com/evanw/thumbhash (MIT).

/** A canvas of at most 32 × 32 pixels, or null for a hash that is none. */
export function placeholder(base64) {
  let hash;
  try {
    hash = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  } catch {
    return null;
  }
  if (hash.length < 5) return null;
  const { width, height, pixels } = decode(hash);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  return canvas;
}

function decode(hash) {
  const head = hash[0] | (hash[1] << 8) | (hash[2] << 16);
  const more = hash[3] | (hash[4] << 8);
  const hasAlpha = head >> 23 === 1;
  const isWide = more >> 15 === 1;
  const most = hasAlpha ? 5 : 7;
  const across = isWide ? most : more & 7;
  const down = isWide ? more & 7 : most;
  const lx = Math.max(3, across);
  const ly = Math.max(3, down);
  let at = (hasAlpha ? 6 : 5) * 2;
  const nibble = () => (hash[at >> 1] >> ((at++ & 1) << 2)) & 15;
  const channel = (dc, scale, nx, ny) => {
    const waves = [];
    for (let y = 0; y < ny; y++)
      for (let x = y ? 0 : 1; x * ny < nx * (ny - y); x++) waves.push([x, y, (nibble() / 7.5 - 1) * scale]);
    return { dc, waves };
  };
  const l = channel((head & 63) / 63, ((head >> 18) & 31) / 31, lx, ly);
  const p = channel(((head >> 6) & 63) / 31.5 - 1, (((more >> 3) & 63) / 63) * 1.25, 3, 3);
  const q = channel(((head >> 12) & 63) / 31.5 - 1, (((more >> 9) & 63) / 63) * 1.25, 3, 3);
  const a = hasAlpha ? channel((hash[5] & 15) / 15, (hash[5] >> 4) / 15, 5, 5) : { dc: 1, waves: [] };

  const ratio = across / down || 1;
  const width = Math.round(ratio > 1 ? 32 : 32 * ratio) || 1;
  const height = Math.round(ratio > 1 ? 32 / ratio : 32) || 1;
  const cosines = (n) => Array.from({ length: n }, (_, i) => Array.from({ length: 8 }, (_, c) => Math.cos((Math.PI / n) * (i + 0.5) * c)));
  const fx = cosines(width);
  const fy = cosines(height);
  const value = ({ dc, waves }, x, y) => waves.reduce((sum, [cx, cy, wave]) => sum + wave * fx[x][cx] * fy[y][cy] * 2, dc);
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += 4) {
      const light = value(l, x, y);
      const yellow = value(p, x, y);
      const red = value(q, x, y);
      const b = light - (2 / 3) * yellow;
      const r = (3 * light - b + red) / 2;
      pixels.set([255 * r, 255 * (r - red), 255 * b, 255 * value(a, x, y)], i);
    }
  return { width, height, pixels };
}
