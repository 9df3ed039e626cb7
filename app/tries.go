package app

// triedBlocks is the number of blocks for which a node remembers what lanes have held. It is
// longer than the reveal phase.
const triedBlocks = 1_000

// tries counts what the lanes of recent blocks have held: the keys of txs that passed their
// checks, whether or not their messages succeeded. Each node remembers this for itself, and
// orders its own proposals by it.
type tries struct {
	// block contains the txs that may go through the lane of the current block.
	block  []laneSlot
	held   []triedKey
	counts map[string]int
}

// laneSlot is a tx of a block's lane, by its index, with its keys.
type laneSlot struct {
	index int
	keys  []string
}

type triedKey struct {
	height int64
	key    string
}

func (t *tries) count(key string) int { return t.counts[key] }

// note adds the keys that a block at a height has held, and forgets old ones.
func (t *tries) note(height int64, keys []string) {
	for len(t.held) > 0 && t.held[0].height+triedBlocks < height {
		old := t.held[0].key
		if t.counts[old]--; t.counts[old] <= 0 {
			delete(t.counts, old)
		}
		t.held = t.held[1:]
	}
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	for _, key := range keys {
		t.held = append(t.held, triedKey{height, key})
		t.counts[key]++
	}
}
