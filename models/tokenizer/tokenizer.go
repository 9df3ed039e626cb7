package tokenizer

import (
	"fmt"
	"maps"
	"slices"
)

// Tokenizer encodes and decodes. Its methods may be called concurrently.
type Tokenizer struct {
	spec     Spec
	all      string
	begins   []uint32
	ids      map[string]int32 // of the tokens that a lookup may find
	merges   map[uint64]ranked
	bytes    [256]int32 // tokens of single bytes, or -1
	splits   []splitter
	specials specials
}

// ranked is what becomes of two neighbours: lower ranks come first.
type ranked struct{ rank, result int32 }

// New makes a tokenizer, and refuses a spec that contradicts itself.
func New(spec Spec) (*Tokenizer, error) {
	t := &Tokenizer{spec: spec}
	var err error
	if t.all, t.begins, err = unpackTokens(spec.Tokens); err != nil {
		return nil, err
	}
	if err := spec.check(len(t.begins) - 1); err != nil {
		return nil, err
	}
	if err := t.readMerges(); err != nil {
		return nil, err
	}
	t.indexTokens()
	for _, n := range spec.Normal {
		if err := n.check(); err != nil {
			return nil, err
		}
	}
	for _, s := range spec.Split {
		splitter, err := newSplitter(s, spec.Space)
		if err != nil {
			return nil, err
		}
		t.splits = append(t.splits, splitter)
	}
	t.specials = newSpecials(spec.Special)
	return t, nil
}

func (t *Tokenizer) readMerges() error {
	// A merge takes about five bytes.
	t.merges = make(map[uint64]ranked, len(t.spec.Merges)/5)
	rank, last := int32(-1), int32(-1)
	return unpackMerges(t.spec.Merges, len(t.begins)-1, func(m merge) {
		if !t.spec.Shared || m.result != last {
			rank++
		}
		last = m.result
		key := pair(m.left, m.right)
		if _, twice := t.merges[key]; !twice {
			t.merges[key] = ranked{rank, m.result}
		}
	})
}

func pair(left, right int32) uint64 { return uint64(left)<<32 | uint64(right) }

// indexTokens finds the tokens of single bytes, and makes the index for all lookups of words and
// characters. A text over bytes needs the index only if words that are tokens are taken whole.
func (t *Tokenizer) indexTokens() {
	for i := range t.bytes {
		t.bytes[i] = -1
	}
	indexed := !t.spec.Bytes || t.spec.Whole
	if indexed {
		t.ids = make(map[string]int32, len(t.begins))
	}
	for id := range int32(len(t.begins) - 1) {
		token := t.token(id)
		if t.spec.Bytes && len(token) == 1 && t.bytes[token[0]] < 0 {
			t.bytes[token[0]] = id
		}
		if b, ok := t.fallbackByte(token); ok && t.bytes[b] < 0 {
			t.bytes[b] = id
		}
		if _, twice := t.ids[token]; indexed && !twice && token != "" {
			t.ids[token] = id
		}
	}
}

// token returns the bytes of a token of the vocabulary.
func (t *Tokenizer) token(id int32) string { return t.all[t.begins[id]:t.begins[id+1]] }

// fallbackByte reads a token such as <0x0A>.
func (t *Tokenizer) fallbackByte(token string) (byte, bool) {
	if !t.spec.Fallback || len(token) != 6 || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	high, low := hex(token[3]), hex(token[4])
	return high<<4 | low, high < 16 && low < 16
}

// hex returns the value of a digit, capital as in tokens, or 255.
func hex(digit byte) byte {
	switch {
	case digit >= '0' && digit <= '9':
		return digit - '0'
	case digit >= 'A' && digit <= 'F':
		return digit - 'A' + 10
	}
	return 255
}

// Size returns the number above the highest one of a token.
func (t *Tokenizer) Size() int {
	size := len(t.begins) - 1
	for _, s := range t.spec.Special {
		size = max(size, int(s.ID)+1)
	}
	return size
}

// Begin returns the tokens that a text begins with.
func (t *Tokenizer) Begin() []int32 { return slices.Clone(t.spec.Begin) }

// End returns the tokens after which a model has nothing to say.
func (t *Tokenizer) End() []int32 { return slices.Clone(t.spec.End) }

// Special returns the number of a special token.
func (t *Tokenizer) Special(text string) (int32, error) {
	for _, s := range t.spec.Special {
		if s.Text == text {
			return s.ID, nil
		}
	}
	return 0, fmt.Errorf("expected a special token %q, found none of that name among %d", text, len(t.spec.Special))
}

// SpecialTexts returns the texts of the special tokens in order of the alphabet.
func (t *Tokenizer) SpecialTexts() []string {
	texts := map[string]bool{}
	for _, s := range t.spec.Special {
		texts[s.Text] = true
	}
	return slices.Sorted(maps.Keys(texts))
}
