package tokenizer

import (
	"container/heap"
	"unicode/utf8"
)

// symbol is a part of a word, in a list of neighbours.
type symbol struct {
	id         int32
	prev, next int32 // places, or -1
	gone       bool
}

// candidate is two neighbours that may be joined.
type candidate struct {
	ranked
	left, right     int32 // places
	leftID, rightID int32 // tokens when the candidate was found
}

// candidates is a heap: the lowest rank first, then the leftmost one.
type candidates []candidate

func (c candidates) Len() int { return len(c) }
func (c candidates) Less(i, j int) bool {
	return c[i].rank < c[j].rank || c[i].rank == c[j].rank && c[i].left < c[j].left
}
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *candidates) Push(x any)   { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// appendWord appends the tokens of a word.
func (t *Tokenizer) appendWord(ids []int32, word string) []int32 {
	if t.spec.Whole {
		if id, ok := t.ids[word]; ok {
			return append(ids, id)
		}
	}
	symbols := t.symbols(word)
	t.join(symbols)
	for _, s := range symbols {
		if !s.gone {
			ids = append(ids, s.id)
		}
	}
	return ids
}

// symbols returns the bytes or characters of a word.
func (t *Tokenizer) symbols(word string) []symbol {
	symbols := make([]symbol, 0, len(word))
	add := func(id int32) {
		symbols = append(symbols, symbol{id: id, prev: int32(len(symbols)) - 1, next: int32(len(symbols)) + 1})
	}
	unknown := false
	for len(word) > 0 {
		size := 1
		var id int32
		var ok bool
		if t.spec.Bytes {
			id = t.bytes[word[0]]
			ok = id >= 0
		} else {
			_, size = utf8.DecodeRuneInString(word)
			id, ok = t.ids[word[:size]]
		}
		switch {
		case ok:
			add(id)
		case !t.spec.Bytes && t.spec.Fallback && t.allBytes(word[:size]):
			for _, b := range []byte(word[:size]) {
				add(t.bytes[b])
			}
			ok = true
		case t.spec.Unknown != nil && !(unknown && t.spec.FuseUnknown):
			add(*t.spec.Unknown)
		}
		unknown = !ok
		word = word[size:]
	}
	if len(symbols) > 0 {
		symbols[len(symbols)-1].next = -1
	}
	return symbols
}

// allBytes reports whether there are tokens for all bytes of a character.
func (t *Tokenizer) allBytes(character string) bool {
	for _, b := range []byte(character) {
		if t.bytes[b] < 0 {
			return false
		}
	}
	return true
}

// join joins neighbours until no merge is left.
func (t *Tokenizer) join(symbols []symbol) {
	var queue candidates
	look := func(left int32) (candidate, bool) {
		right := symbols[left].next
		if right < 0 {
			return candidate{}, false
		}
		c := candidate{left: left, right: right, leftID: symbols[left].id, rightID: symbols[right].id}
		var ok bool
		c.ranked, ok = t.merges[pair(c.leftID, c.rightID)]
		return c, ok
	}
	for i := range symbols {
		if c, ok := look(int32(i)); ok {
			queue = append(queue, c)
		}
	}
	heap.Init(&queue)
	for len(queue) > 0 {
		c := heap.Pop(&queue).(candidate)
		left, right := &symbols[c.left], &symbols[c.right]
		if left.gone || right.gone || left.id != c.leftID || right.id != c.rightID || left.next != c.right {
			continue
		}
		left.id, left.next = c.result, right.next
		right.gone = true
		if right.next >= 0 {
			symbols[right.next].prev = c.left
		}
		if left.prev >= 0 {
			if c, ok := look(left.prev); ok {
				heap.Push(&queue, c)
			}
		}
		if c, ok := look(c.left); ok {
			heap.Push(&queue, c)
		}
	}
}
