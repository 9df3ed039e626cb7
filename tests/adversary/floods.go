package adversary

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// floodTxs is the number of transactions that a mempool keeps of one sender. With
	// floodGas each, they fill most of a block.
	floodTxs, floodGas = 32, 2_000_000
	// floodPrice is the price that they pay per unit of gas, in multiples of the floor. It is
	// high enough that the base fee, which they raise, does not stop them.
	floodPrice = 2
)

// flooder sends batches of claims that must all fail, without simulating them first, while a
// customer's jobs run.
type flooder struct{}

func (flooder) name() string { return "floods claims" }

func (f flooder) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{
		Behaviour: f.name(), Policy: quorumPolicy, Jobs: wave, Trials: floodTxs,
		Formula: fmt.Sprintf("-%d txs · %d gas · %d · floor: who floods pays for every unit of gas that it asks for", floodTxs, floodGas, floodPrice),
	}
	hands, err := s.enlist(ctx, strangers(1, tactics{}))
	if err != nil {
		return row, err
	}
	before, err := s.read(ctx, purseOf(hands))
	if err != nil {
		return row, err
	}
	posted, err := s.post(ctx, s.customer, s.spec(), s.plain, wave)
	if err != nil {
		return row, err
	}
	start, err := s.reader.Tip(ctx)
	if err != nil {
		return row, err
	}
	hashes, err := f.flood(ctx, s, hands[0], posted.ids)
	if err != nil {
		return row, err
	}
	last, err := f.included(ctx, s, hashes)
	if err != nil {
		return row, err
	}
	over, err := s.finish(ctx, posted.ids)
	if err != nil {
		return row, err
	}
	after, err := s.read(ctx, purseOf(hands))
	if err != nil {
		return row, err
	}
	c := between(before, after)
	row.Gain, row.Loss = inTfuel(c.gain), inTfuel(c.loss)
	row.Predicted = -inTfuel(s.rewards.MinGasPrice.MulRaw(floodPrice * floodTxs * floodGas))
	row.Note = fmt.Sprintf("%d claims in %d blocks, none taken; %d of %d jobs of others accepted meanwhile",
		floodTxs*s.maxBatch(), last-start.Height, accepted(over), wave)
	if accepted(over) != wave {
		err = errors.New("expected the others' jobs to go on")
	}
	return row.judged(), errors.Join(err, s.dismiss(ctx, crowded, hands))
}

// flood broadcasts without simulating.
func (f flooder) flood(ctx context.Context, s *stage, h *hand, jobs []string) ([]string, error) {
	key := h.key
	account, err := authtypes.NewQueryClient(s.net.Conn()).AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: key.Address().String()})
	if err != nil {
		return nil, err
	}
	hashes := make([]string, 0, floodTxs)
	for i := range floodTxs {
		items := make([]computetypes.ChunkRef, s.maxBatch())
		for j := range items {
			// Tasks and rounds that do not exist, each named once.
			items[j] = computetypes.ChunkRef{JobId: jobs[j%len(jobs)], Task: uint64(i + 1), Round: uint32(j)} //nolint:gosec // small
		}
		hash, err := s.throw(ctx, key, bid{
			msg: &computetypes.MsgClaim{Worker: key.Address().String(), Items: items}, granter: h.operator.Address(),
			gas: floodGas, price: floodPrice,
			number: account.Info.AccountNumber, sequence: account.Info.Sequence + uint64(i), //nolint:gosec // small
		})
		if err != nil {
			return nil, fmt.Errorf("flood: %w", err)
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// included waits until all transactions are in blocks and returns the last height.
func (flooder) included(ctx context.Context, s *stage, hashes []string) (int64, error) {
	var last int64
	for _, hash := range hashes {
		err := s.await(ctx, "transaction "+hash, func() (bool, error) {
			answer, err := txtypes.NewServiceClient(s.net.Conn()).GetTx(ctx, &txtypes.GetTxRequest{Hash: hash})
			if err != nil {
				return false, err
			}
			taken, err := claimsTaken(answer.TxResponse)
			if err != nil {
				return false, err
			}
			if taken > 0 {
				return false, fmt.Errorf("expected every claim of the flood to be refused, found %d taken", taken)
			}
			last = max(last, answer.TxResponse.Height)
			return true, nil
		})
		if err != nil {
			return last, err
		}
	}
	return last, nil
}

// claimsTaken counts the successful claims of a transaction. Claims that are refused do not
// make the transaction fail.
func claimsTaken(response *sdk.TxResponse) (int, error) {
	raw, err := hex.DecodeString(response.Data)
	if err != nil {
		return 0, fmt.Errorf("transaction %s: expected its answer in hex: %w", response.TxHash, err)
	}
	var data sdk.TxMsgData
	if err := data.Unmarshal(raw); err != nil {
		return 0, fmt.Errorf("transaction %s: %w", response.TxHash, err)
	}
	taken := 0
	for _, packed := range data.MsgResponses {
		var claimed computetypes.MsgClaimResponse
		if err := claimed.Unmarshal(packed.Value); err != nil {
			return 0, fmt.Errorf("transaction %s: %w", response.TxHash, err)
		}
		for _, result := range claimed.Results {
			if result.Code == 0 {
				taken++
			}
		}
	}
	return taken, nil
}
