package soak

import (
	"context"
	"fmt"
	"slices"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// seat is a node's part in a round of a chunk.
type seat struct {
	chunk    computetypes.ChunkRef
	operator string
}

// place is how far a node has come with its seat. Heights are 0 for what has not happened.
type place struct {
	assigned, committed, revealed int64
	// cut reports whether the reveal was due and not made when a cut ended.
	cut bool
}

// Ledger is what blocks show of all jobs. It is safe for concurrent use.
type Ledger struct {
	mu     sync.Mutex
	height int64
	seats  map[seat]*place
	// opened are the heights at which rounds began to reveal; ended are the rounds that are over.
	opened map[computetypes.ChunkRef]int64
	ended  map[computetypes.ChunkRef]bool
	faults []Fault
	yields map[string]int
	// revealsUnderCut counts reveals that a cut has delayed.
	revealsUnderCut int
}

// NewLedger returns a ledger without blocks.
func NewLedger() *Ledger {
	return &Ledger{
		seats: make(map[seat]*place), opened: make(map[computetypes.ChunkRef]int64),
		ended: make(map[computetypes.ChunkRef]bool), yields: make(map[string]int),
	}
}

// Read reads the blocks up to a height.
func (l *Ledger) Read(ctx context.Context, conn *grpc.ClientConn, to int64) error {
	service := cmtservice.NewServiceClient(conn)
	for height := l.Height() + 1; height <= to; height++ {
		results, err := service.GetBlockResults(ctx, &cmtservice.GetBlockResultsRequest{Height: height})
		if err != nil {
			return fmt.Errorf("results of block %d: %w", height, err)
		}
		var events []abci.Event
		for _, tx := range results.TxsResults {
			events = append(events, tx.Events...)
		}
		for _, event := range results.FinalizeBlockEvents {
			events = append(events, *event)
		}
		if err := l.add(height, events); err != nil {
			return fmt.Errorf("block %d: %w", height, err)
		}
	}
	return nil
}

// add adds the events of the next block.
func (l *Ledger) add(height int64, events []abci.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, event := range events {
		changes, err := computetypes.ChangesIn(event)
		if err != nil {
			return err
		}
		if err := l.see(height, event); err != nil {
			return err
		}
		for i := range changes {
			l.change(height, &changes[i])
		}
	}
	l.height = height
	return nil
}

// see notes what nodes did and lost.
func (l *Ledger) see(height int64, event abci.Event) error {
	if !slices.Contains([]string{
		proto.MessageName(&computetypes.EventBatch{}), proto.MessageName(&edgenodetypes.EventSlashed{}),
		proto.MessageName(&edgenodetypes.EventJailed{}), proto.MessageName(&edgenodetypes.EventOutvoted{}),
	}, event.Type) {
		return nil
	}
	event.Attributes = slices.DeleteFunc(slices.Clone(event.Attributes), func(a abci.EventAttribute) bool { return a.Key == "mode" || a.Key == "msg_index" })
	parsed, err := sdk.ParseTypedEvent(event)
	if err != nil {
		return err
	}
	switch e := parsed.(type) {
	case *computetypes.EventBatch:
		l.batch(height, e)
	case *edgenodetypes.EventSlashed:
		if e.Reason == edgenodetypes.ReasonYielded {
			l.yields[e.Operator]++
		}
		l.fault(Fault{Height: height, Operator: e.Operator, Reason: e.Reason, Job: e.JobId, Task: e.Task})
	case *edgenodetypes.EventJailed:
		l.fault(Fault{Height: height, Operator: e.Operator, Reason: reasonJailed})
	case *edgenodetypes.EventOutvoted:
		l.fault(Fault{Height: height, Operator: e.Operator, Reason: reasonOutvoted, Job: e.JobId, Task: e.Task})
	}
	return nil
}

// fault notes a fault with the height since which the node had the seat.
func (l *Ledger) fault(f Fault) {
	f.Since = f.Height
	for s, p := range l.seats {
		if s.operator == f.Operator && s.chunk.JobId == f.Job && s.chunk.Task == f.Task && p.assigned > 0 {
			f.Since = min(f.Since, p.assigned)
		}
	}
	l.faults = append(l.faults, f)
}

func (l *Ledger) batch(height int64, e *computetypes.EventBatch) {
	for _, ref := range e.Items {
		p := l.place(ref, e.Actor)
		switch e.Action {
		case "commit":
			p.committed = height
		case "reveal":
			if p.cut && p.revealed == 0 {
				l.revealsUnderCut++
			}
			p.revealed = height
		}
	}
}

func (l *Ledger) change(height int64, c *computetypes.ChunkChange) {
	switch change := c.Change.(type) {
	case *computetypes.ChunkChange_Assigned:
		for _, operator := range change.Assigned.Operators {
			l.place(c.Ref, operator).assigned = height
		}
	case *computetypes.ChunkChange_RevealOpened:
		l.opened[c.Ref] = height
	case *computetypes.ChunkChange_Ended:
		l.ended[c.Ref] = true
	}
}

func (l *Ledger) place(ref computetypes.ChunkRef, operator string) *place {
	s := seat{ref, operator}
	if l.seats[s] == nil {
		l.seats[s] = &place{}
	}
	return l.seats[s]
}

// Height returns the last height that was read.
func (l *Ledger) Height() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.height
}

// freshBlocks is the number of blocks after a commitment in which a node is said to reveal soon. A round that
// waits longer may wait for a draw.
const freshBlocks = 8

// Waits reports whether a node has just committed to a result that it may reveal soon: at most one
// other node of the round has not committed yet, and it is able to.
func (l *Ledger) Waits(operator string, able func(operator string) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s, p := range l.seats {
		if s.operator == operator && p.committed > 0 && l.height <= p.committed+freshBlocks && p.revealed == 0 &&
			l.opened[s.chunk] == 0 && !l.ended[s.chunk] && l.soon(s.chunk, able) {
			return true
		}
	}
	return false
}

// soon reports whether at most one node of a round has not committed, and is able to.
func (l *Ledger) soon(ref computetypes.ChunkRef, able func(string) bool) bool {
	waiting := 0
	for s, p := range l.seats {
		if s.chunk != ref || p.assigned == 0 || p.committed > 0 {
			continue
		}
		if waiting++; waiting > 1 || !able(s.operator) {
			return false
		}
	}
	return true
}

// Due reports whether reveals of a node have been due for some blocks without being made.
func (l *Ledger) Due(operator string, blocks int64) bool {
	return len(l.due(operator, blocks)) > 0
}

func (l *Ledger) due(operator string, blocks int64) (due []*place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s, p := range l.seats {
		opened := l.opened[s.chunk]
		if s.operator == operator && p.committed > 0 && p.revealed == 0 && opened > 0 && l.height >= opened+blocks && !l.ended[s.chunk] {
			due = append(due, p)
		}
	}
	return due
}

// MarkCut notes the reveals of a node that have been due for some blocks during a cut that ends now.
func (l *Ledger) MarkCut(operator string, blocks int64) {
	for _, p := range l.due(operator, blocks) {
		l.mu.Lock()
		p.cut = true
		l.mu.Unlock()
	}
}

// Yields returns how many tasks a node has yielded.
func (l *Ledger) Yields(operator string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.yields[operator]
}

// RevealsUnderCut returns the number of reveals that were due during a cut and made after it.
func (l *Ledger) RevealsUnderCut() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.revealsUnderCut
}

// Faults returns all faults in the order of blocks.
func (l *Ledger) Faults() []Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.faults)
}
