package chain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"

	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// WorkerMessages returns the types of the messages that a worker key has to send. A node whose grant
// does not pay for one of them takes no work.
func WorkerMessages() []string {
	return []string{
		sdk.MsgTypeURL(&computetypes.MsgClaim{}),
		sdk.MsgTypeURL(&computetypes.MsgCommit{}),
		sdk.MsgTypeURL(&computetypes.MsgReveal{}),
		sdk.MsgTypeURL(&computetypes.MsgOpen{}),
		sdk.MsgTypeURL(&computetypes.MsgRelease{}),
		sdk.MsgTypeURL(&computetypes.MsgYield{}),
		sdk.MsgTypeURL(&edgenodetypes.MsgRenewLease{}),
	}
}

// collectMessage is the type of the message with which a worker has earnings paid.
func collectMessage() string { return sdk.MsgTypeURL(&rewardstypes.MsgCollect{}) }

// GrantedMessages returns the types of all messages that a worker key may send. Grants of earlier
// versions do not pay for all of those that it does not have to send.
func GrantedMessages() []string { return append(WorkerMessages(), collectMessage()) }

// NewGrant returns a grant that lets a worker spend at most limit of the operator's coins on
// the fees of worker messages, until expiry.
func NewGrant(operator, worker sdk.AccAddress, limit sdk.Coins, expiry time.Time) (sdk.Msg, error) {
	allowance, err := feegrant.NewAllowedMsgAllowance(
		&feegrant.BasicAllowance{SpendLimit: limit, Expiration: &expiry}, GrantedMessages())
	if err != nil {
		return nil, fmt.Errorf("cannot build the fee grant: %w", err)
	}
	msg, err := feegrant.NewMsgGrantAllowance(allowance, operator, worker)
	if err != nil {
		return nil, fmt.Errorf("cannot build the fee grant: %w", err)
	}
	return msg, nil
}

// RevokeGrant returns a message that ends a fee grant.
func RevokeGrant(operator, worker sdk.AccAddress) sdk.Msg {
	msg := feegrant.NewMsgRevokeAllowance(operator, worker)
	return &msg
}

// Grant says what a worker may still spend on fees.
type Grant struct {
	// Left is the amount that may still be spent. It is nil if there is no limit.
	Left sdk.Coins
	// Expiry is the time at which the grant ends. It is nil if the grant does not expire.
	Expiry *time.Time
	// Missing contains the messages that the worker has to send and that the grant does not pay for.
	Missing []string
	// CannotCollect reports whether the grant does not pay for the message that has earnings paid.
	CannotCollect bool
}

// Grant returns an operator's fee grant to a worker, or ErrNotFound.
func (r *Reader) Grant(ctx context.Context, operator, worker string) (Grant, error) {
	res, err := feegrant.NewQueryClient(r.conn).Allowance(ctx, &feegrant.QueryAllowanceRequest{Granter: operator, Grantee: worker})
	if err != nil {
		err = grpcnode.Explain(ctx, "fee grant of "+operator+" to "+worker, err)
		// If there is no grant, x/feegrant answers with an internal error.
		if !errors.Is(err, ErrNotFound) && strings.Contains(err.Error(), "not found") {
			err = fmt.Errorf("%w (%w)", ErrNotFound, err)
		}
		return Grant{}, err
	}
	if res.Allowance == nil {
		return Grant{}, fmt.Errorf("fee grant of %s to %s: %w", operator, worker, ErrNotFound)
	}
	var allowance feegrant.FeeAllowanceI
	if err := r.cdc.UnpackAny(res.Allowance.Allowance, &allowance); err != nil {
		return Grant{}, fmt.Errorf("fee grant: cannot decode: %w", err)
	}
	return readGrant(allowance)
}

func readGrant(allowance feegrant.FeeAllowanceI) (Grant, error) {
	var grant Grant
	switch a := allowance.(type) {
	case *feegrant.AllowedMsgAllowance:
		inner, err := a.GetAllowance()
		if err != nil {
			return grant, fmt.Errorf("fee grant: cannot decode: %w", err)
		}
		if grant, err = readGrant(inner); err != nil {
			return grant, err
		}
		for _, message := range WorkerMessages() {
			if !slices.Contains(a.AllowedMessages, message) {
				grant.Missing = append(grant.Missing, message)
			}
		}
		grant.CannotCollect = !slices.Contains(a.AllowedMessages, collectMessage())
	case *feegrant.BasicAllowance:
		grant.Left, grant.Expiry = a.SpendLimit, a.Expiration
		return grant, grpcnode.CheckAnswer(grant.Left)
	case *feegrant.PeriodicAllowance:
		grant.Left, grant.Expiry = a.Basic.SpendLimit, a.Basic.Expiration
		return grant, grpcnode.CheckAnswer(grant.Left)
	default:
		return grant, fmt.Errorf("fee grant: expected a basic, periodic or message allowance, found %T", allowance)
	}
	return grant, nil
}
