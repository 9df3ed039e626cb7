package app

// triedBlocks is how long a node remembers what the lane of a block has held: longer than
// reveals are open.
const triedBlocks = 1_000

// tries are what the lanes of the last blocks have held: what passed its checks there,
// whether or not its messages did something. Each node remembers it for itself, and orders
// its own proposals by it.
type tries struct {
	// block is what may go through the lane of the block at work.
	block  []laneSlot
	held   []triedKey
	counts map[string]int
}

// laneSlot is a tx of a block's lane, by its index, with what it brings.
type laneSlot struct {
	index int
	keys  []string
}

type triedKey struct {
	height int64
	key    string
}

func (t *tries) count(key string) int { return t.counts[key] }

// note adds what a block at a height holds, and forgets what is old.
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
