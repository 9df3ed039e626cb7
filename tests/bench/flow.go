package bench

// Packing says how a node's messages become transactions.
type Packing int

const (
	// Separate puts every message of one item into a transaction of its own.
	Separate Packing = iota
	// Combined puts a reveal, a commitment and a claim of one item each, of three
	// tasks, into one transaction.
	Combined
	// Batched puts all of a node's messages of a block into one transaction, each
	// of up to batchItems items; requesters post as many jobs in one.
	Batched
)

// batchItems is the most items that the chain takes in a message.
const batchItems = 100

// Flow is one way to bring tasks through their life: post, claim, commit,
// reveal, settle.
type Flow struct {
	Name    string
	Class   string
	Packing Packing
	// Everybody whom the sortition lets in claims, and the draw turns most of them
	// away; otherwise only those claim whom it keeps.
	Everybody bool
}

// The flows that are measured.
func lifecycle() Flow { return Flow{Name: "lifecycle", Class: busyClass, Packing: Combined} }

func batched() Flow {
	return Flow{Name: "batched", Class: busyClass, Packing: Batched, Everybody: true}
}
func spread() Flow { return Flow{Name: "spread", Class: wideClass, Packing: Separate} }
func contended() Flow {
	return Flow{Name: "contended", Class: wideClass, Packing: Separate, Everybody: true}
}

func flows() []Flow { return []Flow{lifecycle(), batched(), spread(), contended()} }

// Gas limits: far above what the transactions use, as wallets set them.
const (
	sendGas   = 200_000
	singleGas = 2_000_000
	batchGas  = 1_000_000_000
)

func (p Packing) gas() uint64 {
	if p == Batched {
		return batchGas
	}
	return singleGas
}
