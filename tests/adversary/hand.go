package adversary

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// handPoll is the pause between two queries of the height.
const handPoll = 120 * time.Millisecond

// tactics describe where a hostile node differs from an honest one. If a function is nil, the
// node does what an honest node does; if a function returns nil, the node does nothing.
type tactics struct {
	// claims reports whether to enter a draw.
	claims func(ctx context.Context, h *hand, draw computetypes.ClaimableChunk) bool
	// answer returns the answer to commit to.
	answer func(ctx context.Context, h *hand, item computetypes.WorkItem) *answer
	// commit replaces the commitment that was made.
	commit func(ctx context.Context, h *hand, item computetypes.WorkItem, made []byte) []byte
	// reveal replaces the reveal.
	reveal func(ctx context.Context, h *hand, item computetypes.WorkItem, made computetypes.RevealItem) *computetypes.RevealItem
	// release gives an assignment back.
	release func(item computetypes.WorkItem) *computetypes.ReleaseItem
	// part says how the node treats chunks of several tasks.
	part partTactics
}

// hand is one node that this program plays. It communicates with the chain through the
// sidecar's sender and reader, as any node does.
type hand struct {
	stage    *stage
	operator keyPair
	// key is the worker's key; worker sends with it.
	key     keyPair
	worker  *chain.Sender
	tactics tactics
	// ring contains the operators of the owner's nodes, if they help each other.
	ring map[string]bool

	secrets map[store.Key]secret
	claimed map[claimKey]bool
	// entering contains the claims that are under way.
	entering map[store.Key]claimKey
	// height is that of the newest transaction. State from before it does not contain the
	// transaction.
	height int64

	mu sync.Mutex
	// taken and refused count items by action.
	taken, refused map[chain.Action]int
	// lastRefusal is the latest reason that the chain gave, for a reader.
	lastRefusal string
	// endRun and done stop the loop and wait for it.
	endRun context.CancelFunc
	done   chan struct{}
	failed error
}

// claimKey identifies a draw: a redraw of the same round closes at another height.
type claimKey struct {
	ref   store.Key
	close int64
}

func (h *hand) address() string { return h.operator.Address().String() }

// start plays the node until stop.
func (h *hand) start(ctx context.Context) {
	ctx, h.endRun = context.WithCancel(ctx)
	h.done = make(chan struct{})
	go func() {
		defer close(h.done)
		ticker := time.NewTicker(handPoll)
		defer ticker.Stop()
		var seen int64
		for {
			height, err := h.step(ctx, seen)
			if ctx.Err() != nil {
				return
			}
			// If a node is busy, it is queried again; any other error ends the play.
			if err != nil && !errors.Is(err, chain.ErrUnreachable) && !errors.Is(err, chain.ErrRejected) && !errors.Is(err, chain.ErrNotIncluded) {
				h.failed = err
				return
			}
			seen = max(seen, height)
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()
}

// stop ends the play and returns the error that ended it early, if any.
func (h *hand) stop() error {
	if h.endRun == nil {
		return nil
	}
	h.endRun()
	<-h.done
	return h.failed
}

// step reacts to the chain's state once per block.
func (h *hand) step(ctx context.Context, seen int64) (int64, error) {
	tip, err := h.worker.Tip(ctx)
	if err != nil || tip.Height <= seen {
		return seen, err
	}
	work, err := h.worker.Assignments(ctx, h.address())
	if err != nil || work.Height < h.height {
		return seen, err
	}
	var batch chain.Batch
	for i := range work.Items {
		if err := h.play(ctx, work.Items[i], &batch); err != nil {
			return seen, err
		}
	}
	if err := h.enter(ctx, work.Height, &batch); err != nil {
		return seen, err
	}
	if batch.Len() == 0 {
		return work.Height, nil
	}
	done, err := h.worker.Submit(ctx, batch, h.stage.maxBatch())
	h.note(done)
	h.height = max(h.height, done.Height)
	return work.Height, err
}

// play adds the items that one assignment requires.
func (h *hand) play(ctx context.Context, item computetypes.WorkItem, batch *chain.Batch) error {
	ref := item.Ref
	if item.Count > 1 {
		return h.serveChunk(ctx, item, batch)
	}
	sealed, known := h.secrets[keyOf(ref)]
	reveals := item.CurrentRound == ref.Round && item.Phase == computetypes.ROUND_PHASE_REVEAL
	switch item.Assignment.Status {
	case computetypes.ASSIGNMENT_STATUS_ASSIGNED:
		if h.tactics.release != nil {
			if release := h.tactics.release(item); release != nil {
				batch.Releases = append(batch.Releases, *release)
				return nil
			}
		}
		return h.commit(ctx, ref, item, batch)
	case computetypes.ASSIGNMENT_STATUS_COMMITTED:
		if !known || !reveals {
			return nil
		}
		made := sealed.reveal(ref)
		shown := &made
		if h.tactics.reveal != nil {
			shown = h.tactics.reveal(ctx, h, item, made)
		}
		if shown == nil {
			return nil
		}
		batch.Reveals = append(batch.Reveals, *shown)
	case computetypes.ASSIGNMENT_STATUS_REVEALED:
	default:
		return nil
	}
	if known && item.MustOpen {
		batch.Opens = append(batch.Opens, computetypes.NewOpenItem(ref, sealed.shown))
	}
	return nil
}

func (h *hand) commit(ctx context.Context, ref computetypes.ChunkRef, item computetypes.WorkItem, batch *chain.Batch) error {
	sealed, known := h.secrets[keyOf(ref)]
	var commitment []byte
	if known {
		commitment = computetypes.Commitment(h.operator.Address(), sealed.tag, sealed.answer.exit, sealed.salt)
	} else {
		found := h.stage.truth(ref.JobId)
		if h.tactics.answer != nil {
			chosen := h.tactics.answer(ctx, h, item)
			if chosen == nil {
				return nil
			}
			found = *chosen
		}
		var err error
		if sealed, commitment, err = h.seal(ctx, item, found); err != nil {
			return err
		}
	}
	if h.tactics.commit != nil {
		if commitment = h.tactics.commit(ctx, h, item, commitment); commitment == nil {
			return nil
		}
	}
	h.secrets[keyOf(ref)] = sealed
	batch.Commits = append(batch.Commits, computetypes.CommitItem{Ref: ref, Commitment: commitment})
	return nil
}

// enter adds claims of open draws, each draw once.
func (h *hand) enter(ctx context.Context, height int64, batch *chain.Batch) error {
	draws, err := h.worker.Claimable(ctx, h.address())
	if err != nil {
		return err
	}
	for _, draw := range draws {
		key := claimKey{keyOf(draw.Ref), draw.CloseHeight}
		if h.claimed[key] || !draw.Leading || draw.CloseHeight <= height+1 || !h.stage.ours(draw.Ref.JobId) {
			continue
		}
		if h.tactics.claims != nil && !h.tactics.claims(ctx, h, draw) {
			continue
		}
		h.entering[key.ref] = key
		batch.Claims = append(batch.Claims, draw.Ref)
	}
	return nil
}

// note counts the outcomes of items.
func (h *hand) note(done chain.Submission) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, item := range done.Items {
		if item.Unsent {
			continue
		}
		if item.Action == chain.Claim {
			h.claimed[h.entering[keyOf(item.Ref)]] = true
		}
		if item.Code == 0 {
			h.taken[item.Action]++
			continue
		}
		h.refused[item.Action]++
		h.lastRefusal = item.Log
	}
}

// counts returns how many items of an action were taken and refused.
func (h *hand) counts(action chain.Action) (taken, refused int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.taken[action], h.refused[action]
}
