package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/testutil/apptest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Count contains the outcomes of operations of one kind.
type Count struct {
	// Succeeded and Refused count transactions, or messages of proposals that governance
	// could or could not carry out.
	Succeeded, Refused int
	// Deputised counts those of the transactions that succeeded inside of x/authz.
	Deputised int
	// Skipped counts operations that found nothing to do.
	Skipped int
	// Reasons counts refusals and skips by their texts.
	Reasons map[string]int
}

// Tally counts what a simulation did, by type URL.
type Tally struct {
	Messages map[string]*Count
	// Events counts the events of this chain's modules by type, and the changes of tasks that
	// they contain.
	Events map[string]int
	// Blocks and Txs are the numbers of blocks and of transactions.
	Blocks, Txs int
	// Panics are the logs of transactions that panicked.
	Panics []string
	// receipts contains the receipts of each job, in the order of blocks and tasks.
	receipts map[string][]computetypes.Receipt
	decided  map[uint64]bool
}

func newTally() *Tally {
	return &Tally{Messages: map[string]*Count{}, Events: map[string]int{}, receipts: map[string][]computetypes.Receipt{}, decided: map[uint64]bool{}}
}

// Of returns the count of a type URL.
func (t *Tally) Of(url string) *Count {
	if t.Messages[url] == nil {
		t.Messages[url] = &Count{Reasons: map[string]int{}}
	}
	return t.Messages[url]
}

func (t *Tally) skip(msg sdk.Msg, reason string) {
	count := t.Of(sdk.MsgTypeURL(msg))
	count.Skipped++
	count.Reasons["skipped: "+reason]++
}

func (t *Tally) result(tx drawnTx, result *abci.ExecTxResult) {
	t.Txs++
	count := t.Of(sdk.MsgTypeURL(tx.msg))
	_, claims := tx.msg.(*computetypes.MsgClaim)
	if claims && result.Code == 0 && !batched(result) {
		count.Refused++
		count.Reasons["refused: no claim was taken"]++
		return
	}
	if result.Code == 0 {
		count.Succeeded++
		if c, ok := tx.msg.(*computetypes.MsgChallenge); ok && c.Leaf != nil {
			t.Events["chunk challenged"]++
		}
		if p, ok := tx.msg.(*computetypes.MsgPostJob); ok && p.Spec.Placement.MaxGco2PerKwh > 0 {
			t.Events["job clean"]++
		}
		if tx.deputised {
			count.Deputised++
		}
		return
	}
	if sdkerrors.ErrPanic.Codespace() == result.Codespace && sdkerrors.ErrPanic.ABCICode() == result.Code {
		t.Panics = append(t.Panics, result.Log)
	}
	count.Refused++
	count.Reasons[fmt.Sprintf("refused: %s %d", result.Codespace, result.Code)]++
}

// batched reports whether at least one item of a transaction's batch succeeded. A transaction
// of claims succeeds even if all of them are refused.
func batched(result *abci.ExecTxResult) bool {
	name := proto.MessageName(&computetypes.EventBatch{})
	return slices.ContainsFunc(result.Events, func(e abci.Event) bool { return e.Type == name })
}

func (t *Tally) events(response *abci.ResponseFinalizeBlock) {
	t.Blocks++
	all := slices.Clone(response.Events)
	for _, result := range response.TxResults {
		all = append(all, result.Events...)
	}
	for _, event := range all {
		if strings.HasPrefix(event.Type, "theta.") {
			t.Events[event.Type]++
			t.changes(event)
		}
	}
	for id := range t.receipts {
		slices.SortStableFunc(t.receipts[id], func(a, b computetypes.Receipt) int {
			return cmp.Or(cmp.Compare(a.Height, b.Height), cmp.Compare(a.Task, b.Task))
		})
	}
}

// ReceiptsOf returns the receipts of a job, ordered by block and then by task, as the job's tree
// contains them.
func (t *Tally) ReceiptsOf(job string) []computetypes.Receipt { return t.receipts[job] }

// changes counts the changes of tasks that an event of x/compute contains, by the name of the
// change, and ended tasks by how they ended.
func (t *Tally) changes(event abci.Event) {
	// The attributes that mark block events are not fields of the event.
	event.Attributes = slices.DeleteFunc(slices.Clone(event.Attributes), func(a abci.EventAttribute) bool {
		return a.Key == "mode"
	})
	parsed, err := sdk.ParseTypedEvent(event)
	if err != nil {
		panic(err)
	}
	var changes []computetypes.ChunkChange
	switch e := parsed.(type) {
	case *computetypes.EventBatch:
		changes = e.Changes
	case *computetypes.EventSweep:
		changes = e.Changes
	}
	for _, change := range changes {
		name := strings.TrimPrefix(fmt.Sprintf("%T", change.Change), "*types.ChunkChange_")
		if ended := change.GetEnded(); ended != nil {
			status := strings.TrimPrefix(ended.Status.String(), "CHUNK_STATUS_")
			name += " " + status
			t.ended(*ended, status)
		}
		t.Events["task "+name]++
	}
}

// ended notes the receipt of a task, and counts the receipts of chunks.
func (t *Tally) ended(r computetypes.Receipt, status string) {
	t.receipts[r.JobId] = append(t.receipts[r.JobId], r)
	if r.Count == 1 {
		return
	}
	t.Events["chunk Ended "+status]++
	judged := slices.ContainsFunc(r.Outcomes, func(o computetypes.Outcome) bool { return o.Round > 0 })
	if judged {
		t.Events["chunk judged"]++
	}
}

// proposals counts the messages of proposals that have been decided.
func (t *Tally) proposals(chain *apptest.Chain) {
	err := chain.App.GovKeeper.Proposals.Walk(chain.Ctx(), nil, func(id uint64, p govv1.Proposal) (bool, error) {
		ended := p.Status == govv1.StatusPassed || p.Status == govv1.StatusFailed
		if !ended || t.decided[id] {
			return false, nil
		}
		t.decided[id] = true
		for _, msg := range p.Messages {
			count := t.Of(msg.TypeUrl)
			if p.Status == govv1.StatusPassed {
				count.Succeeded++
				continue
			}
			count.Refused++
			count.Reasons["refused: "+p.FailedReason]++
		}
		return false, nil
	})
	if err != nil {
		panic(err)
	}
}

// Succeeded returns the type URLs of this chain's messages that have succeeded, sorted, and
// those that have succeeded inside of x/authz.
func (t *Tally) Succeeded() (all, deputised []string) {
	for _, url := range slices.Sorted(maps.Keys(t.Messages)) {
		if !strings.HasPrefix(url, "/theta.") {
			continue
		}
		if t.Messages[url].Succeeded > 0 {
			all = append(all, url)
		}
		if t.Messages[url].Deputised > 0 {
			deputised = append(deputised, url)
		}
	}
	return all, deputised
}

// String returns a table of messages and one of events.
func (t *Tally) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d blocks, %d transactions\n%-52s %9s %9s %7s %7s\n",
		t.Blocks, t.Txs, "message", "succeeded", "by deputy", "refused", "skipped")
	for _, url := range slices.Sorted(maps.Keys(t.Messages)) {
		count := t.Messages[url]
		fmt.Fprintf(&text, "%-52s %9d %9d %7d %7d\n", url, count.Succeeded, count.Deputised, count.Refused, count.Skipped)
	}
	fmt.Fprintf(&text, "%-52s %9s\n", "event", "seen")
	for _, name := range slices.Sorted(maps.Keys(t.Events)) {
		fmt.Fprintf(&text, "%-52s %9d\n", name, t.Events[name])
	}
	return text.String()
}
