package tx

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/grpc/status"

	errorsmod "cosmossdk.io/errors"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/thetaedge/theta/client/grpcnode"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// ErrRejected means that the chain or a node refused a transaction as a whole. Every Refusal
// is one.
var ErrRejected = errors.New("transaction was rejected")

// Reason is what a refused transaction needs to be tried again.
type Reason int

const (
	// Other is none of the reasons below.
	Other Reason = iota
	// WrongSequence means that the account's next sequence is another one.
	WrongSequence
	// FeeTooLow means that the fee is below what the node or the chain asks for.
	FeeTooLow
	// OutOfGas means that the gas limit was not enough.
	OutOfGas
	// PoolFull means that the node's mempool has no room.
	PoolFull
	// TooLarge means that the transaction has more bytes, or asks for more gas, than one may.
	TooLarge
	// MessageFailed means that one message failed, and with it the whole transaction; the
	// others may be sent without it.
	MessageFailed
)

// Refusal is the answer of a chain or of a node that did not take a transaction. It is
// ErrRejected, and the registered error with its codespace and code.
type Refusal struct {
	Reason Reason
	// Codespace and Code of the error; 0 if the call failed with a text only.
	Codespace string
	Code      uint32
	// Log is the reason in words.
	Log string
	// Index is the place of the message that failed, for MessageFailed.
	Index int
	// Sequence is the one that the chain expects, for WrongSequence; nil if it does not say.
	Sequence *uint64
	// Gas is the most that a transaction may ask for, for TooLarge; 0 if it is not known.
	Gas uint64
	// InBlock reports whether the transaction was in a block, where it has paid its fee.
	InBlock bool

	// err is the error of the call; nil if the node answered.
	err error
}

// Error implements error.
func (r *Refusal) Error() string {
	text := "the chain refused the transaction: " + grpcnode.PlainText(r.Log)
	if r.Code == 0 {
		return text
	}
	return fmt.Sprintf("%s (%s %d)", text, r.Codespace, r.Code)
}

// Is reports whether target is ErrRejected, or the registered error with the code of the
// refusal.
func (r *Refusal) Is(target error) bool {
	var known *errorsmod.Error
	return errors.Is(target, ErrRejected) || errors.As(target, &known) && r.hasCode(known)
}

// Unwrap returns the error of the call; nil if the node answered.
func (r *Refusal) Unwrap() error { return r.err }

func (r *Refusal) hasCode(known *errorsmod.Error) bool {
	return r.Code != 0 && r.Codespace == known.Codespace() && r.Code == known.ABCICode()
}

// Refused returns a *Refusal if a node or a block did not take a transaction. A transaction
// that waits in the mempool already is not refused.
func Refused(response *sdk.TxResponse) error {
	if response == nil {
		return errors.New("expected an answer about the transaction, found none")
	}
	if response.Code == 0 {
		return nil
	}
	r := &Refusal{Codespace: response.Codespace, Code: response.Code, Log: response.RawLog}
	if r.hasCode(sdkerrors.ErrTxInMempoolCache) {
		return nil
	}
	switch {
	case r.hasCode(sdkerrors.ErrWrongSequence):
		r.Reason, r.Sequence = WrongSequence, expectedSequence(r.Log)
	case r.hasCode(sdkerrors.ErrInsufficientFee):
		r.Reason = FeeTooLow
	case r.hasCode(sdkerrors.ErrOutOfGas):
		r.Reason = OutOfGas
	case r.hasCode(sdkerrors.ErrMempoolIsFull):
		r.Reason = PoolFull
	case r.hasCode(sdkerrors.ErrTxTooLarge):
		r.Reason = TooLarge
	case r.hasCode(feemarkettypes.ErrTooMuchGas):
		r.Reason, r.Gas = TooLarge, mostGas(r.Log)
	default:
		r.readMessage()
	}
	return r
}

// failed reads the error of a call about a transaction: the node was not reached, or it
// refuses the transaction in words, as simulations do.
func failed(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil || grpcnode.IsStarting(err) || grpcnode.IsUnreachable(err) {
		return grpcnode.Explain(ctx, what, err)
	}
	s, _ := status.FromError(err)
	r := &Refusal{Log: s.Message(), err: err}
	switch {
	case strings.Contains(r.Log, sdkerrors.ErrWrongSequence.Error()), sequencePattern.MatchString(r.Log):
		r.Reason, r.Sequence = WrongSequence, expectedSequence(r.Log)
	default:
		r.readMessage()
	}
	return r
}

// messageIndex is how baseapp names the message that failed.
var messageIndex = regexp.MustCompile(`message index: (\d+)`)

func (r *Refusal) readMessage() {
	if match := messageIndex.FindStringSubmatch(r.Log); match != nil {
		if index, err := strconv.Atoi(match[1]); err == nil {
			r.Reason, r.Index = MessageFailed, index
		}
	}
}

// sequencePattern is how x/auth names the sequence that it expects.
var sequencePattern = regexp.MustCompile(`account sequence mismatch, expected (\d+), got \d+`)

func expectedSequence(log string) *uint64 {
	match := sequencePattern.FindStringSubmatch(log)
	if match == nil {
		return nil
	}
	sequence, err := strconv.ParseUint(match[1], 10, 64)
	if err != nil {
		return nil
	}
	return &sequence
}

// gasPattern is how x/feemarket names the gas that a transaction may ask for.
var gasPattern = regexp.MustCompile(`expected at most (\d+), found \d+`)

func mostGas(log string) uint64 {
	match := gasPattern.FindStringSubmatch(log)
	if match == nil {
		return 0
	}
	gas, err := strconv.ParseUint(match[1], 10, 64)
	if err != nil {
		return 0
	}
	return gas
}

// Result is a transaction in a block.
type Result struct {
	// Hash in upper-case hex.
	Hash string
	// Height of the block.
	Height int64
	// GasUsed of the gas that was paid for.
	GasUsed, GasWanted int64
	// Responses in the order of the messages.
	Responses []*codectypes.Any
}

// ReadResult decodes the result of a transaction in a block. It returns a *Refusal if the
// transaction failed there.
func ReadResult(response *sdk.TxResponse) (Result, error) {
	if err := Refused(response); err != nil {
		var refused *Refusal
		if errors.As(err, &refused) {
			refused.InBlock = true
			return Result{Hash: response.TxHash, Height: response.Height}, err
		}
		return Result{}, err
	}
	result := Result{Hash: response.TxHash, Height: response.Height, GasUsed: response.GasUsed, GasWanted: response.GasWanted}
	raw, err := hex.DecodeString(response.Data)
	if err != nil {
		return result, fmt.Errorf("transaction %s: expected its data in hex: %w", response.TxHash, err)
	}
	var data sdk.TxMsgData
	if err := data.Unmarshal(raw); err != nil {
		return result, fmt.Errorf("transaction %s: cannot decode its data: %w", response.TxHash, err)
	}
	result.Responses = data.MsgResponses
	return result, nil
}
