package app

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// laneKind is the kind of work that a tx of the lane does.
type laneKind int

// The kinds, in the order in which a proposer takes them.
const (
	notInLane laneKind = iota
	beaconRounds
	duties
	claims
)

// maxLaneRounds is the largest number of beacon rounds in a tx of the lane: each of them is
// verified before the tx enters the lane.
const maxLaneRounds = 4

// maxLaneMessages bounds the messages of a tx of the lane and, together with max_batch, the
// number of items that are inspected. A node with many duties sends them in batches.
const maxLaneMessages = 8

// leastItemGas is less gas than an item of a duty or a claim uses on average.
const leastItemGas = 5_000

// laneTx describes a tx that may go through the lane of a block.
type laneTx struct {
	kind laneKind
	gas  uint64
	// keys identify the duties, claims or rounds. The lane of a block takes each key once.
	keys []string
	// deadline is the first height at which one of them is late. For rounds, it is the first
	// height that waits for one of them.
	deadline int64
}

// inspect returns the description of a tx in the lane of the block at the height and time of
// ctx, or notInLane if the tx may not use the lane. Every message of the tx must do work that
// is due, all of the same kind, and the gas limit must not exceed what these items may use.
// The result depends only on the committed state and the tx, so that the nodes that propose,
// judge and execute a block agree. inspect does not write anything and does not cost gas. A
// tx whose gas limit is below the cost of inspecting it is not in the lane: it would fail,
// and the gas of a block has to bound the work that its txs cause before they pay. Errors
// come from the store.
func (app *App) inspect(ctx sdk.Context, tx sdk.Tx) (laneTx, error) {
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok || !wellFormed(tx) || feeTx.GetGas() == 0 || len(tx.GetMsgs()) > maxLaneMessages {
		return laneTx{}, nil
	}
	ctx = ctx.WithGasMeter(storetypes.NewInfiniteGasMeter()).WithEventManager(sdk.NewEventManager())
	market, err := app.FeemarketKeeper.Params(ctx)
	if err != nil {
		return laneTx{}, err
	}
	_, floor, err := app.FeemarketKeeper.Prices(ctx)
	if err != nil || !pays(feeTx, txTerms{price: floor}) {
		return laneTx{}, err
	}
	found := laneTx{gas: feeTx.GetGas(), deadline: math.MaxInt64}
	if worth, err := app.leastGas(ctx, tx); err != nil || found.gas < worth {
		return laneTx{}, err
	}
	for _, msg := range tx.GetMsgs() {
		if due, err := app.inspectMsg(ctx, msg, &found); err != nil || !due {
			return laneTx{}, err
		}
	}
	if found.gas > market.LaneTx(uint64(len(found.keys))) {
		return laneTx{}, nil
	}
	return found, nil
}

// leastGas returns the gas that inspecting a tx of the lane is worth.
func (app *App) leastGas(ctx sdk.Context, tx sdk.Tx) (uint64, error) {
	rounds, items := uint64(0), 0
	for _, msg := range tx.GetMsgs() {
		switch m := msg.(type) {
		case *beacontypes.MsgSubmitRound:
			rounds++
		case *computetypes.MsgCommit:
			items += len(m.Items)
		case *computetypes.MsgReveal:
			items += len(m.Items)
		case *computetypes.MsgOpen:
			items += len(m.Items)
		case *computetypes.MsgRelease:
			items += len(m.Items)
		case *computetypes.MsgYield:
			items += len(m.Items)
		case *computetypes.MsgClaim:
			items += len(m.Items)
		}
	}
	gas := leastItemGas * uint64(items) //nolint:gosec // a count
	if rounds == 0 {
		return gas, nil
	}
	beacon, err := app.BeaconKeeper.Params(ctx)
	return gas + rounds*beacon.PairingGas, err
}

// wellFormed reports whether a tx may be inspected. A block may contain transactions that no
// node would have admitted to its mempool; a panic that they cause here happens without
// access to the state.
func wellFormed(tx sdk.Tx) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	for _, msg := range tx.GetMsgs() {
		if kindOf(msg) == notInLane {
			return false
		}
		if checked, has := msg.(sdk.HasValidateBasic); has && checked.ValidateBasic() != nil {
			return false
		}
	}
	basic, has := tx.(sdk.HasValidateBasic)
	if has && basic.ValidateBasic() != nil {
		return false
	}
	_, err := signersOf(tx)
	return err == nil
}

// inspectMsg adds the due items of a message. It reports whether there are any, and none of
// them was in the tx before. It makes cheap checks first.
func (app *App) inspectMsg(ctx sdk.Context, msg sdk.Msg, found *laneTx) (bool, error) {
	kind := kindOf(msg)
	if kind == notInLane || found.kind != notInLane && found.kind != kind {
		return false, nil
	}
	found.kind = kind
	if round, ok := msg.(*beacontypes.MsgSubmitRound); ok {
		if len(found.keys) >= maxLaneRounds || !found.add(fmt.Sprintf("round/%d", round.Round)) {
			return false, nil
		}
		height, wanted, err := app.BeaconKeeper.Wanted(ctx, round)
		found.deadline = min(found.deadline, height)
		return wanted, err
	}
	live, err := app.ComputeKeeper.Duties(ctx, msg)
	for _, duty := range live {
		if !found.add(duty.Key()) {
			return false, nil
		}
		found.deadline = min(found.deadline, duty.Deadline)
	}
	return len(live) > 0, err
}

// add notes a key, and reports whether it is new.
func (tx *laneTx) add(key string) bool {
	if slices.Contains(tx.keys, key) {
		return false
	}
	tx.keys = append(tx.keys, key)
	return true
}

func kindOf(msg sdk.Msg) laneKind {
	switch msg.(type) {
	case *beacontypes.MsgSubmitRound:
		return beaconRounds
	case *computetypes.MsgCommit, *computetypes.MsgReveal, *computetypes.MsgOpen, *computetypes.MsgRelease, *computetypes.MsgYield:
		return duties
	case *computetypes.MsgClaim:
		return claims
	default:
		return notInLane
	}
}

// mayBeInLane reports, from the bytes of a tx, whether it is worth decoding: all messages of
// the lane belong to x/compute or x/beacon.
func mayBeInLane(raw []byte) bool {
	return bytes.Contains(raw, []byte("/theta.compute.v1.Msg")) || bytes.Contains(raw, []byte("/theta.beacon.v1.Msg"))
}

// pays reports whether a tx pays the price of its terms.
func pays(tx sdk.FeeTx, terms txTerms) bool {
	return tx.GetFee().AmountOf(params.BaseDenom).GTE(terms.fee(tx.GetGas()))
}

// room is the room that is left in a block while txs are put into it, one after the other.
type room struct {
	budget feemarkettypes.Budget
	// lane, claims, beacons, ordinary are the amounts of gas that are left.
	lane, claims, beacons, ordinary uint64
	taken                           map[string]bool
}

func newRoom(budget feemarkettypes.Budget) *room {
	return &room{
		budget: budget, lane: budget.Lane, claims: budget.Claims, beacons: budget.Beacons,
		ordinary: budget.Ordinary, taken: map[string]bool{},
	}
}

// takeLane puts a tx into the lane if it belongs there, none of its keys is in the block yet,
// and there is room. It reports whether it did.
func (r *room) takeLane(tx laneTx) bool {
	if tx.kind == notInLane || !r.budget.Limited || tx.gas > r.lane {
		return false
	}
	part := &r.lane
	switch tx.kind {
	case claims:
		part = &r.claims
	case beaconRounds:
		part = &r.beacons
	case notInLane, duties:
	}
	if tx.gas > *part {
		return false
	}
	for _, key := range tx.keys {
		if r.taken[key] {
			return false
		}
	}
	for _, key := range tx.keys {
		r.taken[key] = true
	}
	if part != &r.lane {
		*part -= tx.gas
	}
	r.lane -= tx.gas
	return true
}

// takeOrdinary puts a tx into the rest of the block if there is room, and reports whether it
// did.
func (r *room) takeOrdinary(gas uint64) bool {
	if !r.budget.Limited {
		return true
	}
	if gas > r.ordinary {
		return false
	}
	r.ordinary -= gas
	return true
}
