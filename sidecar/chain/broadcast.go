package chain

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdkclient "github.com/cosmos/cosmos-sdk/client"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"

	"github.com/thetaedge/theta/client"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// refusalKind is what a refused transaction needs to be tried again.
type refusalKind int

const (
	otherRefusal refusalKind = iota
	wrongSequence
	feeTooLow
	outOfGas
	poolFull
	tooLarge
)

// refusal is a transaction that the chain refused as a whole.
type refusal struct {
	kind refusalKind
	log  string
	// sequence that the chain expects, when it says so.
	sequence *uint64
	// gas that a transaction may ask for, when it says so.
	gas uint64
}

func (r *refusal) Error() string { return fmt.Sprintf("%v: %s", ErrRejected, r.log) }

// Unwrap makes a refusal an ErrRejected.
func (r *refusal) Unwrap() error { return ErrRejected }

// build makes a transaction with the signature given, which may be empty.
func (s *Sender) build(msgs []sdk.Msg, gas uint64, fee sdk.Coins, timeout int64, signature []byte) (sdkclient.TxBuilder, error) {
	builder := s.cdc.Tx.NewTxBuilder()
	if err := builder.SetMsgs(msgs...); err != nil {
		return nil, fmt.Errorf("cannot build the transaction: %w", err)
	}
	builder.SetGasLimit(gas)
	builder.SetFeeAmount(fee)
	builder.SetFeeGranter(s.cfg.Granter)
	builder.SetTimeoutHeight(uint64(timeout)) //nolint:gosec // heights are positive
	err := builder.SetSignatures(signing.SignatureV2{
		PubKey:   s.signer.PubKey(),
		Data:     &signing.SingleSignatureData{SignMode: signing.SignMode_SIGN_MODE_DIRECT, Signature: signature},
		Sequence: s.account.sequence,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot build the transaction: %w", err)
	}
	return builder, nil
}

// simulate returns the gas that the messages use at the newest state, and their
// responses.
func (s *Sender) simulate(ctx context.Context, msgs []sdk.Msg) (uint64, []*codectypes.Any, error) {
	builder, err := s.build(msgs, 0, s.fee(simulationFeeGas), 0, nil)
	if err != nil {
		return 0, nil, err
	}
	bytes, err := s.cdc.Tx.TxEncoder()(builder.GetTx())
	if err != nil {
		return 0, nil, fmt.Errorf("cannot encode the transaction: %w", err)
	}
	res, err := txtypes.NewServiceClient(s.conn).Simulate(ctx, &txtypes.SimulateRequest{TxBytes: bytes})
	if err != nil {
		return 0, nil, classifySimulation(ctx, err)
	}
	if res.GasInfo == nil {
		return 0, nil, errors.New("simulation: expected gas used, found none")
	}
	if res.Result == nil {
		return res.GasInfo.GasUsed, nil, nil
	}
	return res.GasInfo.GasUsed, res.Result.MsgResponses, nil
}

// sign encodes the transaction with the signature over it.
func (s *Sender) sign(ctx context.Context, msgs []sdk.Msg, gas uint64, timeout int64) ([]byte, error) {
	fee := s.fee(gas)
	// Direct mode signs the signer's own info too, so it is set with an empty signature first.
	builder, err := s.build(msgs, gas, fee, timeout, nil)
	if err != nil {
		return nil, err
	}
	data := authsigning.SignerData{
		Address: s.signer.Address().String(), ChainID: s.cfg.ChainID,
		AccountNumber: s.account.number, Sequence: s.account.sequence, PubKey: s.signer.PubKey(),
	}
	toSign, err := authsigning.GetSignBytesAdapter(ctx, s.cdc.Tx.SignModeHandler(), signing.SignMode_SIGN_MODE_DIRECT, data, builder.GetTx())
	if err != nil {
		return nil, fmt.Errorf("cannot encode the transaction for signing: %w", err)
	}
	signature, err := s.signer.Sign(toSign)
	if err != nil {
		return nil, err
	}
	if builder, err = s.build(msgs, gas, fee, timeout, signature); err != nil {
		return nil, err
	}
	return s.cdc.Tx.TxEncoder()(builder.GetTx())
}

// broadcast hands the transaction to the node and returns its hash.
func (s *Sender) broadcast(ctx context.Context, tx []byte) (string, error) {
	res, err := txtypes.NewServiceClient(s.conn).BroadcastTx(ctx, &txtypes.BroadcastTxRequest{
		TxBytes: tx, Mode: txtypes.BroadcastMode_BROADCAST_MODE_SYNC,
	})
	if err != nil {
		s.account = accountState{}
		return "", classifyStatus(ctx, err)
	}
	if res.TxResponse == nil {
		return "", errors.New("broadcast: expected an answer about the transaction, found none")
	}
	if res.TxResponse.Code != 0 && !isCode(res.TxResponse.Codespace, res.TxResponse.Code, sdkerrors.ErrTxInMempoolCache.ABCICode()) {
		// A node without a block since its restart refuses what is good: it takes the
		// chain for one at genesis.
		if _, err := s.Tip(ctx); errors.Is(err, ErrStarting) {
			s.account = accountState{}
			return "", err
		}
		return "", classifyCode(res.TxResponse.Codespace, res.TxResponse.Code, res.TxResponse.RawLog)
	}
	return res.TxResponse.TxHash, nil
}

// resendBlocks is after how many blocks a transaction that is in none is handed
// over again: a node that was restarted has forgotten its mempool.
const resendBlocks = 4

// await looks for the transaction until its timeout height has passed, or the node, asked
// again, does not take it. It is decided when it was in a block.
func (s *Sender) await(ctx context.Context, hash string, tx []byte, timeout int64) (result TxResult, decided bool, err error) {
	ticker := time.NewTicker(s.cfg.PollInterval)
	defer ticker.Stop()
	service := txtypes.NewServiceClient(s.conn)
	again := resend{timeout: timeout}
	for {
		res, err := service.GetTx(ctx, &txtypes.GetTxRequest{Hash: hash})
		switch {
		case err == nil && res.TxResponse != nil:
			result, err := included(res.TxResponse)
			return result, true, err
		case err == nil:
			return TxResult{}, false, errors.New("transaction: expected an answer, found none")
		case ctx.Err() != nil:
			return TxResult{}, false, ctx.Err()
		case again.refused != nil && again.looked:
			return TxResult{}, false, again.refused
		case again.overdue:
			return TxResult{}, false, fmt.Errorf("%w: %s is in no block up to %d", ErrNotIncluded, hash, timeout)
		}
		if tip, err := s.Tip(ctx); err == nil && again.due(tip.Height) {
			again.refused = s.resend(ctx, tx)
			again.at = tip.Height
		}
		select {
		case <-ctx.Done():
			return TxResult{}, false, ctx.Err()
		case <-ticker.C:
		}
	}
}

// resend is when a transaction that is in no block is handed over again.
type resend struct {
	timeout int64
	// at is the height at which it was handed over last, 0 before one is known.
	at int64
	// refused is why the node did not take it then, nil if it did. looked says that a block
	// later it is in none still: the index may lag behind the height.
	refused error
	looked  bool
	// overdue: the timeout height has passed.
	overdue bool
}

// due tells at a height whether it is to be handed over now.
func (r *resend) due(height int64) bool {
	r.overdue = height > r.timeout
	switch {
	case r.at == 0:
		r.at = height
		return false
	case r.refused != nil:
		r.looked = height > r.at
		return false
	}
	return height >= r.at+resendBlocks && !r.overdue
}

// resend hands over the same bytes. It fails where the node, which does not have them any
// more, does not take them again.
func (s *Sender) resend(ctx context.Context, tx []byte) error {
	_, err := s.broadcast(ctx, tx)
	if errors.Is(err, ErrUnreachable) || ctx.Err() != nil {
		return nil
	}
	return err
}

func included(res *sdk.TxResponse) (TxResult, error) {
	if res.Code != 0 {
		err := classifyCode(res.Codespace, res.Code, res.RawLog)
		var failed *MessageError
		if errors.As(err, &failed) {
			failed.inBlock = true
		}
		return TxResult{Hash: res.TxHash, Height: res.Height}, err
	}
	result := TxResult{Hash: res.TxHash, Height: res.Height, GasUsed: res.GasUsed, GasWanted: res.GasWanted}
	raw, err := hex.DecodeString(res.Data)
	if err != nil {
		return result, fmt.Errorf("transaction %s: expected its data in hex: %w", res.TxHash, err)
	}
	var data sdk.TxMsgData
	if err := data.Unmarshal(raw); err != nil {
		return result, fmt.Errorf("transaction %s: cannot decode its data: %w", res.TxHash, err)
	}
	result.Responses = data.MsgResponses
	return result, nil
}

func isCode(codespace string, code, want uint32) bool {
	return codespace == sdkerrors.RootCodespace && code == want
}

// classifyCode reads the code of a transaction that was refused or has failed.
func classifyCode(codespace string, code uint32, log string) error {
	switch {
	case isCode(codespace, code, sdkerrors.ErrWrongSequence.ABCICode()):
		return &refusal{kind: wrongSequence, log: log, sequence: expectedSequence(log)}
	case isCode(codespace, code, sdkerrors.ErrInsufficientFee.ABCICode()):
		return &refusal{kind: feeTooLow, log: log}
	case isCode(codespace, code, sdkerrors.ErrOutOfGas.ABCICode()):
		return &refusal{kind: outOfGas, log: log}
	case isCode(codespace, code, sdkerrors.ErrMempoolIsFull.ABCICode()):
		return &refusal{kind: poolFull, log: log}
	case isCode(codespace, code, sdkerrors.ErrTxTooLarge.ABCICode()):
		return &refusal{kind: tooLarge, log: log}
	case codespace == feemarkettypes.ErrTooMuchGas.Codespace() && code == feemarkettypes.ErrTooMuchGas.ABCICode():
		return &refusal{kind: tooLarge, log: log, gas: leastGas(log)}
	}
	return classifyLog(log)
}

// classifySimulation reads why a simulation failed. It has no limit of its own, so that one
// out of gas is larger than what the node looks at.
func classifySimulation(ctx context.Context, err error) error {
	failed := classifyStatus(ctx, err)
	var refused *refusal
	if errors.As(failed, &refused) && refused.kind == otherRefusal && strings.Contains(refused.log, sdkerrors.ErrOutOfGas.Error()) {
		refused.kind = tooLarge
	}
	return failed
}

// classifyStatus reads the error of a node's answer: a simulation's failure
// comes as text only.
func classifyStatus(ctx context.Context, err error) error {
	s, _ := status.FromError(err)
	if ctx.Err() != nil || client.IsStarting(err) || s.Code() == codes.Unavailable || s.Code() == codes.DeadlineExceeded {
		return explain(ctx, "transaction", err)
	}
	log := s.Message()
	if strings.Contains(log, sdkerrors.ErrWrongSequence.Error()) {
		return &refusal{kind: wrongSequence, log: log, sequence: expectedSequence(log)}
	}
	return classifyLog(log)
}

// messageIndex is how baseapp names the message that failed.
var messageIndex = regexp.MustCompile(`message index: (\d+)`)

func classifyLog(log string) error {
	if match := messageIndex.FindStringSubmatch(log); match != nil {
		if index, err := strconv.Atoi(match[1]); err == nil {
			return &MessageError{Index: index, Log: log}
		}
	}
	return &refusal{kind: otherRefusal, log: log}
}

// sequencePattern is how x/auth names the sequence that it expects.
var sequencePattern = regexp.MustCompile(`expected (\d+), got \d+`)

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

// noAccount names the remedy for an account that does not exist yet.
func noAccount(err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w; a worker's account is created by its fee grant: run thetaedge register", ErrNoAccount, err)
	}
	return err
}
