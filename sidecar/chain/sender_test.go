package chain

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

func ref(job string) computetypes.ChunkRef { return computetypes.ChunkRef{JobId: job} }

func fullBatch() Batch {
	return Batch{
		Reveals:  []computetypes.RevealItem{{Ref: ref("1-0-0"), Tag: make([]byte, 32), Salt: make([]byte, 32)}},
		Opens:    []computetypes.OpenItem{{Ref: ref("2-0-0"), Digest: make([]byte, 32)}},
		Commits:  []computetypes.CommitItem{{Ref: ref("3-0-0"), Commitment: make([]byte, 32)}},
		Releases: []computetypes.ReleaseItem{{Ref: ref("4-0-0")}},
		Claims:   []computetypes.ChunkRef{ref("5-0-0"), ref("6-0-0")},
	}
}

func TestRenewalGoesLastInTheSameTransaction(t *testing.T) {
	n := newFakeNode(t)
	s := n.sender(TxConfig{})
	batch := fullBatch()
	batch.Renew = true
	done, err := s.Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	require.Len(t, n.sent, 1)
	require.Equal(t, &edgenodetypes.MsgRenewLease{Worker: s.Address().String()}, n.sent[0].messages[5])
	require.Equal(t, ItemOutcome{Action: Renew}, done.Items[6])

	n.badType = sdk.MsgTypeURL(&edgenodetypes.MsgRenewLease{})
	done, err = s.Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	require.Len(t, n.sent[1].messages, 5, "a refused renewal keeps nothing else from the chain")
	require.Equal(t, Renew, done.Items[0].Action)
	require.NotZero(t, done.Items[0].Code)
	require.Equal(t, Claim, done.Items[1].Action, "then the claim that is lost")
	require.Equal(t, 1, Batch{Renew: true}.Len())
}

func TestBatchOfAllActionsIsOneSignedTransactionPaidByTheGranter(t *testing.T) {
	n := newFakeNode(t)
	operator := sdk.AccAddress(bytes.Repeat([]byte{9}, 20))
	s := n.sender(TxConfig{GasAdjustment: 1.2})
	s.SetGranter(operator)
	done, err := s.Submit(t.Context(), fullBatch(), 100)
	require.NoError(t, err)
	require.Len(t, n.sent, 1)
	tx := n.sent[0]
	require.True(t, tx.signature, "signed over chain id, account number and sequence")
	require.Len(t, tx.messages, 5)
	require.IsType(t, &computetypes.MsgReveal{}, tx.messages[0], "the most urgent first")
	require.IsType(t, &computetypes.MsgClaim{}, tx.messages[4])
	require.Equal(t, uint64(120_000+2*closingGas), tx.gas, "simulated, adjusted, and enough to close the two rounds")
	require.Equal(t, "5200000atfuel", tx.fee.String(), "gas at the minimum price")
	require.Equal(t, operator.String(), tx.granter)
	require.Len(t, done.Items, 6)
	require.Equal(t, uint32(21), done.Items[0].Code, "a claim that is lost in the simulation is left out")
	require.Len(t, tx.messages[4].(*computetypes.MsgClaim).Items, 1)
	require.Equal(t, Reveal, done.Items[1].Action)
	require.Zero(t, done.Items[1].Code)
	require.Zero(t, done.Items[5].Code)
	require.Positive(t, done.Height)
}

func TestMessagesHoldNoMoreItemsThanTheChainTakes(t *testing.T) {
	n := newFakeNode(t)
	n.winning = true
	batch := Batch{Claims: []computetypes.ChunkRef{ref("1-0-0"), ref("2-0-0"), ref("3-0-0")}}
	done, err := n.sender(TxConfig{}).Submit(t.Context(), batch, 2)
	require.NoError(t, err)
	require.Len(t, n.sent[0].messages, 2)
	require.Len(t, done.Items, 3)
	require.Equal(t, "3-0-0", done.Items[2].Ref.JobId)
}

func TestSequenceMismatchIsCorrectedAndSentAgain(t *testing.T) {
	n := newFakeNode(t)
	s := n.sender(TxConfig{})
	_, err := s.Send(t.Context(), &computetypes.MsgClaim{Worker: s.Address().String(), Items: []computetypes.ChunkRef{ref("1-0-0")}})
	require.NoError(t, err)
	// Another process has used the key in the meantime.
	n.mu.Lock()
	n.sequence = 40
	n.mu.Unlock()
	_, err = s.Submit(t.Context(), fullBatch(), 10)
	require.NoError(t, err)
	require.Len(t, n.sent, 3)
	require.Equal(t, []uint64{5, 6, 40}, []uint64{n.sent[0].sequence, n.sent[1].sequence, n.sent[2].sequence})
}

func TestSequenceIsKeptBetweenTransactions(t *testing.T) {
	n := newFakeNode(t)
	s := n.sender(TxConfig{})
	for range 3 {
		_, err := s.Submit(t.Context(), fullBatch(), 10)
		require.NoError(t, err)
	}
	require.Equal(t, 1, n.accounts)
	require.Equal(t, uint64(7), n.sent[2].sequence)
}

func TestMessageThatFailsIsLeftOutAndTheRestIsSent(t *testing.T) {
	n := newFakeNode(t)
	n.badType = sdk.MsgTypeURL(&computetypes.MsgRelease{})
	done, err := n.sender(TxConfig{}).Submit(t.Context(), fullBatch(), 10)
	require.NoError(t, err)
	require.Len(t, n.sent, 1, "found out by simulation, so that nothing was paid for it")
	require.Len(t, n.sent[0].messages, 4)
	require.Len(t, done.Items, 6)
	require.Equal(t, Release, done.Items[0].Action)
	require.NotZero(t, done.Items[0].Code)
	require.Contains(t, done.Items[0].Log, "prepare window has passed")
}

// TestClaimsThatWouldWinNothingAreNotPaidFor: the fake node's answer makes the claim for one
// task lose.
func TestClaimsThatWouldWinNothingAreNotPaidFor(t *testing.T) {
	n := newFakeNode(t)
	batch := fullBatch()
	batch.Claims = batch.Claims[:1]
	done, err := n.sender(TxConfig{}).Submit(t.Context(), batch, 10)
	require.NoError(t, err)
	require.Len(t, n.sent, 1)
	require.Len(t, n.sent[0].messages, 4, "all but the claim")
	require.Len(t, done.Items, 5)
	require.Equal(t, ItemOutcome{
		Action: Claim, Ref: ref("5-0-0"), Code: 21, Codespace: "compute", Log: "ticket does not win",
	}, done.Items[0])
}

// TestClaimsThatAreLostInTheirBlockKeepNothingElseFromTheChain: other nodes claim between the
// simulation and the block.
func TestClaimsThatAreLostInTheirBlockKeepNothingElseFromTheChain(t *testing.T) {
	n := newFakeNode(t)
	n.winning = true
	batch := fullBatch()
	batch.Claims = batch.Claims[:1]
	done, err := n.sender(TxConfig{}).Submit(t.Context(), batch, 10)
	require.NoError(t, err)
	require.Len(t, n.sent, 1, "one transaction, taken as a whole")
	require.Len(t, n.sent[0].messages, 5)
	require.Len(t, done.Items, 5)
	for _, outcome := range done.Items[:4] {
		require.Zero(t, outcome.Code)
	}
	require.Equal(t, uint32(21), done.Items[4].Code)
}

func TestBatchOfWhichEverythingFailsSendsNothing(t *testing.T) {
	n := newFakeNode(t)
	done, err := n.sender(TxConfig{}).Submit(t.Context(), Batch{Claims: []computetypes.ChunkRef{ref("1-0-0")}}, 10)
	require.NoError(t, err)
	require.Empty(t, n.sent)
	require.Len(t, done.Items, 1)
	require.Zero(t, done.Height)
}

func TestExhaustedGasIsPaidForAgain(t *testing.T) {
	n := newFakeNode(t)
	n.blockCodes = []sdk.TxResponse{{Codespace: "sdk", Code: 11, RawLog: "out of gas in location: WriteFlat"}}
	_, err := n.sender(TxConfig{GasAdjustment: 1}).Submit(t.Context(), Batch{Commits: fullBatch().Commits}, 10)
	require.NoError(t, err)
	require.Equal(t, []uint64{100_000, 150_000}, []uint64{n.sent[0].gas, n.sent[1].gas})
}

func TestRaisedGasPriceIsQueriedAgain(t *testing.T) {
	n := newFakeNode(t)
	s := n.sender(TxConfig{GasAdjustment: 1})
	batch := Batch{Commits: fullBatch().Commits}
	_, err := s.Submit(t.Context(), batch, 10)
	require.NoError(t, err)
	n.mu.Lock()
	n.price = 20
	n.checkCodes = []sdk.TxResponse{{Codespace: "sdk", Code: 13, RawLog: "insufficient fees"}}
	n.mu.Unlock()
	_, err = s.Submit(t.Context(), batch, 10)
	require.NoError(t, err)
	require.Equal(t, "2000000atfuel", n.sent[2].fee.String())
}

// A node that takes a transaction and names the same height for ever must not keep all later ones back.
func TestATransactionIsNotAwaitedForEverWhileTheNodeNamesTheSameHeight(t *testing.T) {
	n := newFakeNode(t)
	n.loses, n.stands = true, true
	s := n.sender(TxConfig{AwaitLimit: 100 * time.Millisecond})
	_, err := s.Submit(t.Context(), fullBatch(), 10)
	require.ErrorIs(t, err, ErrStalled)
	n.mu.Lock()
	n.loses, n.stands = false, false
	n.mu.Unlock()
	_, err = s.Submit(t.Context(), fullBatch(), 10)
	require.NoError(t, err)
}

func TestTransactionInNoBlockIsReportedAndItsSequenceAskedForAgain(t *testing.T) {
	n := newFakeNode(t)
	n.loses = true
	s := n.sender(TxConfig{TimeoutBlocks: 3})
	_, err := s.Submit(t.Context(), fullBatch(), 10)
	require.ErrorIs(t, err, ErrNotIncluded)
	n.mu.Lock()
	n.loses = false
	n.mu.Unlock()
	_, err = s.Submit(t.Context(), fullBatch(), 10)
	require.NoError(t, err)
	require.Equal(t, n.sent[0].sequence, n.sent[1].sequence)
}

func TestATransactionThatARestartedNodeForgotIsSentAgain(t *testing.T) {
	n := newFakeNode(t)
	n.forgets = 2
	s := n.sender(TxConfig{TimeoutBlocks: 1_000})
	_, err := s.Submit(t.Context(), fullBatch(), 10)
	require.NoError(t, err)
	require.Len(t, n.sent, 3)
	require.Equal(t, n.sent[0].sequence, n.sent[2].sequence)
}

func TestRefusedTransactionIsNotTriedForEver(t *testing.T) {
	n := newFakeNode(t)
	for range 3 * maxTries {
		n.checkCodes = append(n.checkCodes, sdk.TxResponse{Codespace: "sdk", Code: 32, RawLog: "account sequence mismatch"})
	}
	_, err := n.sender(TxConfig{}).Submit(t.Context(), fullBatch(), 10)
	require.ErrorIs(t, err, ErrRejected)
	require.Len(t, n.sent, maxTries)
}

func TestUnknownAccountNamesTheRemedy(t *testing.T) {
	n := newFakeNode(t)
	stranger := newFakeNode(t)
	s := NewSender(n.conn(), n.cdc, stranger.signer, TxConfig{ChainID: chainID}, n.sender(TxConfig{}).logger)
	_, err := s.Submit(t.Context(), fullBatch(), 10)
	require.ErrorIs(t, err, ErrNoAccount)
	require.ErrorContains(t, err, "thetaedge register")
}

func TestListingIsReadAtOneHeight(t *testing.T) {
	n := newFakeNode(t)
	work, err := n.sender(TxConfig{}).Assignments(t.Context(), "theta1operator")
	require.NoError(t, err)
	require.Equal(t, int64(42), work.Height)
	require.Len(t, work.Items, 2)
}

func TestMissingRecordIsToldFromAnUnreachableNode(t *testing.T) {
	n := newFakeNode(t)
	s := n.sender(TxConfig{})
	_, err := s.Receipt(t.Context(), "1-0-0", 0)
	require.ErrorIs(t, err, ErrNotFound)
	conn, err := grpcnode.Dial("127.0.0.1:1")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err = NewReader(conn, n.cdc).Receipt(ctx, "1-0-0", 0)
	require.ErrorIs(t, err, ErrUnreachable)
}

func TestGrantPaysForWorkerMessagesOnly(t *testing.T) {
	params.SetSDKDefaults()
	operator, worker := sdk.AccAddress(bytes.Repeat([]byte{1}, 20)), sdk.AccAddress(bytes.Repeat([]byte{2}, 20))
	expiry := time.Now().Add(time.Hour).UTC()
	msg, err := NewGrant(operator, worker, sdk.NewCoins(sdk.NewInt64Coin("atfuel", 77)), expiry)
	require.NoError(t, err)
	allowance, err := msg.(*feegrant.MsgGrantAllowance).GetFeeAllowanceI()
	require.NoError(t, err)
	require.Equal(t, GrantedMessages(), allowance.(*feegrant.AllowedMsgAllowance).AllowedMessages)
	grant, err := readGrant(allowance)
	require.NoError(t, err)
	require.Equal(t, "77atfuel", grant.Left.String())
	require.Equal(t, expiry, *grant.Expiry)
	require.Empty(t, grant.Missing)
	require.False(t, grant.CannotCollect)

	narrow, err := feegrant.NewAllowedMsgAllowance(&feegrant.BasicAllowance{}, WorkerMessages()[1:])
	require.NoError(t, err)
	grant, err = readGrant(narrow)
	require.NoError(t, err)
	require.Equal(t, WorkerMessages()[:1], grant.Missing)
	require.True(t, grant.CannotCollect)

	// A grant of an earlier version pays for all work, and not for collecting earnings.
	earlier, err := feegrant.NewAllowedMsgAllowance(&feegrant.BasicAllowance{}, WorkerMessages())
	require.NoError(t, err)
	grant, err = readGrant(earlier)
	require.NoError(t, err)
	require.Empty(t, grant.Missing)
	require.True(t, grant.CannotCollect)
	grant, err = readGrant(&feegrant.BasicAllowance{})
	require.NoError(t, err)
	require.False(t, grant.CannotCollect)
}

func TestWorkerKeyIsMadeOnceAndSignsFromAnEncryptedFile(t *testing.T) {
	params.SetSDKDefaults()
	cdc, err := NewCodec()
	require.NoError(t, err)
	dir := t.TempDir()
	passphrase := filepath.Join(dir, "passphrase")
	require.NoError(t, os.WriteFile(passphrase, []byte("correct horse battery\n"), 0o600))
	cfg := KeyringConfig{Dir: dir, Backend: "file", PassphraseFile: passphrase}
	if runtime.GOOS != "windows" { // internal/private tests both
		require.NoError(t, os.Chmod(passphrase, 0o640))
		_, err = OpenKeyring(cfg, Codec{})
		require.ErrorContains(t, err, "chmod 600")
		require.NoError(t, os.Chmod(passphrase, 0o600))
	}
	ring, err := OpenKeyring(cfg, cdc)
	require.NoError(t, err)
	address, err := CreateWorkerKey(ring)
	require.NoError(t, err)
	_, err = CreateWorkerKey(ring)
	require.ErrorContains(t, err, "expected no worker key yet")

	again, err := OpenKeyring(cfg, cdc)
	require.NoError(t, err)
	signer, err := NewSigner(again, WorkerKey)
	require.NoError(t, err)
	require.Equal(t, address, signer.Address())
	signature, err := signer.Sign([]byte("bytes"))
	require.NoError(t, err)
	require.True(t, signer.PubKey().VerifySignature([]byte("bytes"), signature))
}

func TestWhileBlocksAreFullDutiesGoByThemselvesAtTheFloor(t *testing.T) {
	n := newFakeNode(t)
	n.crowd = 100
	batch := fullBatch()
	batch.Renew = true
	done, err := n.sender(TxConfig{GasAdjustment: 1.2}).Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	require.Len(t, n.sent, 3)
	duties, claims, rest := n.sent[0], n.sent[1], n.sent[2]
	require.Len(t, duties.messages, 4)
	require.Equal(t, "5200000atfuel", duties.fee.String(), "the floor, whatever others pay")
	require.IsType(t, &computetypes.MsgClaim{}, claims.messages[0])
	require.Equal(t, "1200000atfuel", claims.fee.String())
	require.IsType(t, &edgenodetypes.MsgRenewLease{}, rest.messages[0])
	require.Equal(t, "152400000atfuel", rest.fee.String(), "the base fee, and some to spare")
	require.Len(t, done.Items, 7)
}

func TestADutyThatTheLaneDoesNotTakePaysTheBaseFee(t *testing.T) {
	n := newFakeNode(t)
	n.crowd = 100
	n.gas = feemarkettypes.DefaultParams().LaneTx(4) + 1
	batch := fullBatch()
	batch.Claims = nil
	_, err := n.sender(TxConfig{Caps: FeeCaps{GasPrice: sdk.NewInt64Coin("atfuel", 1<<40)}}).Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	require.Len(t, n.sent, 1)
	require.True(t, n.sent[0].fee.AmountOf("atfuel").GTE(sdkmath.NewInt(1_000).MulRaw(int64(n.gas))))
}
