// Makes the small tokenizers of this folder and what the library tokenizers says of texts.
//
//   npm install --ignore-scripts @anush008/tokenizers
//   node make.mjs                          the files of this folder
//   node make.mjs TOKENIZER.json OUT COUNT the texts of another tokenizer, for the flag -real of the tests
//
// It needs to run where node finds the package. The vocabularies are made here, from the text of
// examples/textgen/corpus; a published tokenizer is never part of the repository.
import {createRequire} from 'module';
import {readFileSync, writeFileSync} from 'fs';
import {dirname, join} from 'path';
import {fileURLToPath} from 'url';

const require = createRequire(join(process.cwd(), 'x.js'));
const {Tokenizer} = require('@anush008/tokenizers');
const here = dirname(fileURLToPath(import.meta.url));
const corpus = readFileSync(join(here, '../../../examples/textgen/corpus/pride-and-prejudice.txt'), 'utf8');

// A generator of 32 bits, so that everybody draws the same texts.
let state = 12345;
const draw = n => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor(state / 4294967296 * n);
};
const pick = list => list[draw(list.length)];

const samples = [
  'Hello, world!', "I'll don't WE'RE it's 'tis I'D you'Ve", '  two  spaces   and\ttabs\t\t ', 'line\nbreak\r\n\r\n\n  x\n', '1234567890 12 3.14159 1,000,000',
  'func main() {\n\tfmt.Println("x")\n}\n', 'Ünïcödé e\u0301 ﬁ Å \u212b ½ ² Ⅷ', '漢字かな交じり文、テスト。', '한국어 텍스트', 'Привет, мир!', 'مرحبا بالعالم', 'हिन्दी पाठ', 'ไทยไม่มีช่องว่าง',
  '👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 😀😀', '<s>x</s> <|im_start|>user\n<|im_end|><|eot_id|>', '▁ ▁▁a', 'a\u00a0b\u2003c\u3000d\u0085e\u200bf\ufefff', '\u0000\u0001\u007f', '<0x41> <0xFF>', 'ａｂｃ１２３',
  'https://example.org/a?b=c&d=%20#e', 'x=-1;y+=2**3//4', '…—“quoted”', '\ufffd', 'e\u0301\u0301\u0327 \u1100\u1161\u11a8', 'عـــــدد ٣٤٥', '\u{10ffff}\u{e000}', ' ', '\n', '', 'ſ ſt \u2019s \u2019S ’ll', 'İi ıI',
];

const text = () => {
  const kind = draw(6);
  if (kind === 0) { const at = draw(corpus.length); return corpus.slice(at, at + draw(200)); }
  let out = '';
  for (let i = draw(12); i >= 0; i--) {
    const piece = pick(samples);
    switch (draw(6)) {
      case 0: out += piece; break;
      case 1: { const at = draw(piece.length); out += piece.slice(at, at + 1 + draw(8)).replace(/[\ud800-\udfff]/g, ''); break; }
      case 2: out += pick([' ', '  ', '\n', '\n\n', '\t', ' \n ', '\r\n', "'", '"', '.', ', ', '0', '42', '▁']); break;
      case 3: { const at = draw(corpus.length); out += corpus.slice(at, at + draw(40)); break; }
      case 4: { let c = draw(0x11000); if (c >= 0xd800 && c < 0xe000) c = 0x41; out += String.fromCodePoint(c); break; }
      default: out += pick(['s', 't', 'LL', 'é', 'ß', '  ', '   ', '1', '²', '漢', '😀']);
    }
  }
  return out;
};

const golden = async (path, out, count) => {
  state = 777;
  const t = Tokenizer.fromFile(path);
  const lines = [];
  for (let i = 0; i < count; i++) {
    const s = i < samples.length ? samples[i] : text();
    const ids = (await t.encode(s, null, {addSpecialTokens: false})).getIds();
    lines.push(JSON.stringify({text: s, ids, decoded: await t.decode(ids, true)}));
  }
  writeFileSync(out, lines.join('\n') + '\n');
};

// train makes merges out of words, each a list of symbols.
const train = (words, count) => {
  const merges = [];
  for (let n = 0; n < count; n++) {
    const pairs = new Map();
    for (const [w, times] of words) for (let i = 0; i + 1 < w.length; i++) {
      const key = w[i] + ' ' + w[i + 1];
      pairs.set(key, (pairs.get(key) || 0) + times);
    }
    let best = null;
    for (const [key, times] of pairs) if (!best || times > best[1] || times === best[1] && key < best[0]) best = [key, times];
    if (!best) break;
    const [a, b] = best[0].split(' ');
    merges.push([a, b]);
    for (const [w] of words) for (let i = 0; i + 1 < w.length; i++) if (w[i] === a && w[i + 1] === b) w.splice(i, 2, a + b);
  }
  return merges;
};

const byteCharacters = () => {
  const table = [];
  let next = 256;
  for (let b = 0; b < 256; b++) table.push(String.fromCharCode(b <= 32 || b >= 127 && b <= 160 || b === 173 ? next++ : b));
  return table;
};

const count = words => {
  const seen = new Map();
  for (const w of words) seen.set(w, (seen.get(w) || 0) + 1);
  return seen;
};

const added = (id, content, special = true) => ({id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special});

const overBytes = () => {
  const table = byteCharacters();
  const sample = corpus.slice(0, 60000) + samples.join('\n').repeat(3);
  const words = [...count(sample.match(/ ?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+/gu))].map(([w, n]) => [[...Buffer.from(w, 'utf8')].map(b => table[b]), n]);
  const merges = train(words, 300);
  const vocab = {};
  for (const c of table) vocab[c] = Object.keys(vocab).length;
  for (const [a, b] of merges) if (!(a + b in vocab)) vocab[a + b] = Object.keys(vocab).length;
  // A token that no merge leads to, for ignore_merges.
  vocab['ĠPrejudice'] = Object.keys(vocab).length;
  return {vocab, merges};
};

const overCharacters = () => {
  const sample = corpus.slice(0, 60000) + samples.slice(0, 12).join(' ').repeat(3);
  const words = [...count(sample.replace(/ /g, '▁').match(/▁*[^▁]+/g))].map(([w, n]) => [[...w], n]);
  const merges = train(words, 300);
  const vocab = {'<unk>': 0, '<s>': 1, '</s>': 2};
  for (let b = 0; b < 256; b++) vocab['<0x' + b.toString(16).toUpperCase().padStart(2, '0') + '>'] = 3 + b;
  for (const [w] of words) for (const s of w) for (const c of s) if (!(c in vocab)) vocab[c] = Object.keys(vocab).length;
  for (const c of ['▁']) if (!(c in vocab)) vocab[c] = Object.keys(vocab).length;
  for (const [a, b] of merges) if (!(a + b in vocab)) vocab[a + b] = Object.keys(vocab).length;
  return {vocab, merges};
};

const llama3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const byteLevel = (regex = false) => ({type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: regex});
const split = pattern => ({type: 'Split', pattern: {Regex: pattern}, behavior: 'Isolated', invert: false});
const begin = id => ({type: 'TemplateProcessing', single: [{SpecialToken: {id, type_id: 0}}, {Sequence: {id: 'A', type_id: 0}}], pair: [{Sequence: {id: 'A', type_id: 0}}, {Sequence: {id: 'B', type_id: 1}}], special_tokens: {[id]: {id, ids: [1], tokens: [id]}}});
const spaces = {type: 'Sequence', decoders: [{type: 'Replace', pattern: {String: '▁'}, content: ' '}, {type: 'ByteFallback'}, {type: 'Fuse'}, {type: 'Strip', content: ' ', start: 1, stop: 0}]};

const families = () => {
  const bytes = overBytes(), characters = overCharacters();
  const n = Object.keys(bytes.vocab).length;
  const file = (normalizer, pre_tokenizer, post_processor, decoder, model, added_tokens) =>
    ({version: '1.0', truncation: null, padding: null, added_tokens, normalizer, pre_tokenizer, post_processor, decoder, model});
  const byteModel = (whole, merges) => ({type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: whole, vocab: bytes.vocab, merges});
  const characterModel = {type: 'BPE', dropout: null, unk_token: '<unk>', continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: true, byte_fallback: true, vocab: characters.vocab, merges: characters.merges.map(m => m.join(' '))};
  const specials = [added(0, '<unk>'), added(1, '<s>'), added(2, '</s>')];
  const joined = bytes.merges.map(m => m.join(' '));
  return {
    llama3: file(null, {type: 'Sequence', pretokenizers: [split(llama3), byteLevel()]}, byteLevel(), byteLevel(), byteModel(true, joined), [added(n, '<|begin_of_text|>'), added(n + 1, '<|eot_id|>')]),
    qwen: file({type: 'NFC'}, {type: 'Sequence', pretokenizers: [split(llama3.replace('{1,3}', '')), byteLevel()]}, byteLevel(), byteLevel(), byteModel(false, joined), [added(n, '<|im_start|>'), added(n + 1, '<|im_end|>'), added(n + 2, '<think>', false)]),
    smollm: file(null, {type: 'Sequence', pretokenizers: [{type: 'Digits', individual_digits: true}, byteLevel(true)]}, null, byteLevel(), byteModel(false, joined), [added(n, '<|im_start|>'), added(n + 1, '<|im_end|>')]),
    llama2: file({type: 'Sequence', normalizers: [{type: 'Prepend', prepend: '▁'}, {type: 'Replace', pattern: {String: ' '}, content: '▁'}]}, null, begin('<s>'), spaces, characterModel, specials),
    mistral: file(null, {type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false}, begin('<s>'), spaces, characterModel, specials),
  };
};

if (process.argv.length > 2) {
  await golden(process.argv[2], process.argv[3], Number(process.argv[4] || 2000));
} else {
  for (const [name, file] of Object.entries(families())) {
    const path = join(here, name + '.json');
    writeFileSync(path, JSON.stringify(file) + '\n');
    await golden(path, join(here, name + '.texts'), 120);
  }
}
