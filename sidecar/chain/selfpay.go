package chain

import (
	"errors"
	"fmt"
	"strings"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/x/feegrant"

	"github.com/thetaedge/theta/client/tx"
)

// ErrNoFees means that neither the fee grant of the operator nor the coins of the worker pay for a
// transaction.
var ErrNoFees = errors.New("nobody pays the fee")

// SetGranter sets the account whose fee grant pays from now on.
// It does not wait for a transaction that is on its way.
func (s *Sender) SetGranter(granter sdk.AccAddress) {
	s.paying.Lock()
	defer s.paying.Unlock()
	s.payer = granter
}

// Granter returns the account whose fee grant pays; it is empty if the signer pays.
func (s *Sender) Granter() sdk.AccAddress {
	s.paying.Lock()
	defer s.paying.Unlock()
	return s.payer
}

// granter returns the account that pays for an order; nil if the worker itself does.
func (s *Sender) granter(o *order) sdk.AccAddress {
	if o.ungranted != nil {
		return nil
	}
	return s.Granter()
}

// payItself decides what to do if a fee grant does not pay, because it is used up, has expired or was
// revoked, or because its operator has no coins left. If the order contains only duties, the worker pays with
// its own coins, if it has any. New work is not paid like this.
func (s *Sender) payItself(o *order, refused *tx.Refusal) error {
	switch {
	case o.ungranted != nil:
		return &unpaidError{worker: s.Address(), granted: o.ungranted, own: refused}
	case s.Granter().Empty() || !o.duties || !unpaid(refused):
		return refused
	}
	o.ungranted = refused
	s.logger.Warn("the fee grant does not pay for what this node has to do; the coins of its worker key do, if it has any: renew the grant with thetaedge register",
		"worker", s.Address(), "reason", refused.Log)
	return nil
}

// unpaid reports whether a refusal says that the account that was named does not pay.
func unpaid(refused *tx.Refusal) bool {
	if refused.Reason != tx.Other {
		return false
	}
	if refused.Codespace == feegrant.ModuleName || refused.Is(sdkerrors.ErrInsufficientFunds) {
		return true
	}
	for _, known := range []error{
		feegrant.ErrFeeLimitExceeded, feegrant.ErrFeeLimitExpired, feegrant.ErrNoAllowance, feegrant.ErrMessageNotAllowed,
		sdkerrors.ErrInsufficientFunds,
	} {
		if strings.Contains(refused.Log, known.Error()) {
			return true
		}
	}
	return strings.Contains(refused.Log, "does not allow to pay fees for")
}

// unpaidError is an ErrNoFees with the refusals of both accounts.
type unpaidError struct {
	worker       sdk.AccAddress
	granted, own *tx.Refusal
}

func (e *unpaidError) Error() string {
	return fmt.Sprintf("%v for what this node has to do: the fee grant does not (%s), and the worker's own coins do not (%s); renew the grant at once with thetaedge register, or send coins to %s",
		ErrNoFees, e.granted.Log, e.own.Log, e.worker)
}

// Unwrap returns ErrNoFees and the refusal of the grant.
func (e *unpaidError) Unwrap() []error { return []error{ErrNoFees, e.granted} }
