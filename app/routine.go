package app

import (
	"bytes"
	"context"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// routineMessages returns the type URLs of the messages that governance may open to optimistic proposals,
// which pass if voters do not notice them. Each of them is written for governance, carries no other
// message, and changes facts that its module bounds. Of these, stakers alone need not
// accept any. A message that is not in the list is refused, so that a message of a later module is not open
// before its effects have been judged.
//
// Parameters are left out. Those of x/feemarket can make votes too large or too expensive for a block, those of
// x/compute say what a false result costs, and those of x/beacon contain the key of the randomness. So are
// messages of IBC and its clients, which guard the coins of other chains, and upgrades. From x/edgenode a proposal
// may contain new hardware classes only: checkRoutine.
func routineMessages() []string {
	return []string{"/theta.compute.v1.MsgUpdateCarbonFactors", "/theta.edgenode.v1.MsgUpdateParams"}
}

// checkRoutine refuses a message of routineMessages that changes more than voters may overlook.
func (k *Keepers) checkRoutine(ctx context.Context, message sdk.Msg) error {
	update, is := message.(*edgenodetypes.MsgUpdateParams)
	if !is {
		return nil
	}
	now, err := k.EdgenodeKeeper.Params(ctx)
	if err != nil {
		return err
	}
	return onlyAddsClasses(now, update.Params)
}

// onlyAddsClasses requires that parameters differ by further classes at the end of the list. The others say which
// bonds vote, when a node is jailed with its vote, and what a fault costs.
func onlyAddsClasses(now, next edgenodetypes.Params) error {
	if len(next.Classes) > len(now.Classes) {
		next.Classes = next.Classes[:len(now.Classes)]
	}
	kept, err := now.Marshal()
	if err != nil {
		return err
	}
	left, err := next.Marshal()
	if err != nil {
		return err
	}
	if !bytes.Equal(kept, left) {
		return fmt.Errorf("expected the parameters of x/edgenode with further classes only, at the end of the list, found other changes")
	}
	return nil
}
