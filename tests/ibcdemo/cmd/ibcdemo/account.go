package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// connection is the connection on both chains.
const connection = "connection-0"

type accountReport struct {
	Owner   string `json:"owner"`
	Address string `json:"address"`
	Job     string `json:"job"`
	Status  string `json:"status"`
	// Funded and Left are what the account held before the job and after it.
	Funded math.Int `json:"funded_atfuel"`
	Left   math.Int `json:"left_atfuel"`
	// Paid is what each operator has earned.
	Paid map[string]math.Int `json:"earned_atfuel"`
	// Tag is that of the receipt, by the two ways in which it was read.
	Tag             string `json:"tag"`
	ProvenTag       string `json:"tag_proven_against_client"`
	ProvenAt        int64  `json:"proven_at_height"`
	Client          string `json:"client"`
	Acknowledgement string `json:"acknowledgement_tx"`
}

// account lets an account of the first chain run a job on the second, by commands alone.
func (s *show) account(ctx context.Context) (err error) {
	r := &s.report.Account
	r.Owner = s.a.network.Address(devnet.Alice)
	if r.Address, err = s.register(ctx); err != nil {
		return err
	}
	if _, err := s.b.tx(ctx, devnet.Bob, "bank", "send", devnet.Bob, r.Address, params.TfuelCoin(20).String()); err != nil {
		return err
	}
	if r.Funded, err = s.b.balance(ctx, r.Address, params.BaseDenom); err != nil {
		return err
	}
	out := filepath.Join(s.dir, "result-of-account")
	jobFile, err := s.writeJob("account.yaml", params.TfuelCoin(1).String())
	if err != nil {
		return err
	}
	if r.Job, r.Acknowledgement, err = s.postThroughPacket(ctx, jobFile, out); err != nil {
		return err
	}
	fmt.Printf("Alice of %s owns %s on %s, which has posted job %s. The acknowledgement of the packet has told %s so.\n", idA, r.Address, idB, r.Job, idA)
	if _, err := s.b.run(ctx, "compute", "run", "--resume", "--wait", "--out", out); err != nil {
		return err
	}
	return s.settled(ctx, r)
}

// settled checks how the job ended, and reads its receipt on both sides.
func (s *show) settled(ctx context.Context, r *accountReport) error {
	job, receipt, err := s.b.outcome(ctx, r.Job)
	if err != nil {
		return err
	}
	r.Status, r.Tag = job.Status.String(), fmt.Sprintf("%x", receipt.Tags[0])
	if r.Left, err = s.b.balance(ctx, r.Address, params.BaseDenom); err != nil {
		return err
	}
	if r.Paid, err = s.b.earned(ctx, receipt, params.BaseDenom); err != nil {
		return err
	}
	if r.Client, r.ProvenAt, r.ProvenTag, err = s.provenTag(ctx, r.Job); err != nil {
		return err
	}
	if r.Status != computetypes.JOB_STATUS_COMPLETED.String() || job.Requester != r.Address {
		return fmt.Errorf("job %s: expected it completed for %s, found %s for %s", r.Job, r.Address, r.Status, job.Requester)
	}
	if r.Tag != r.ProvenTag {
		return fmt.Errorf("receipt of job %s: expected the same tag by query and by proof, found %s and %s", r.Job, r.Tag, r.ProvenTag)
	}
	if spent := r.Funded.Sub(r.Left); spent.LT(params.Tfuel(3)) || spent.GT(params.Tfuel(3).Add(params.Tfuel(1).QuoRaw(100))) {
		return fmt.Errorf("the job of the account: expected 3 rewards of 1 tfuel and a posting fee below 0.01 tfuel, found %s atfuel", spent)
	}
	fmt.Printf("Three nodes of %s ran the job and were paid. Its receipt was read by a query there, and with a proof against the state root that client %s on %s has verified (height %d): tag %.16s… both times.\n",
		idB, r.Client, idA, r.ProvenAt, r.Tag)
	return nil
}

// register opens an interchain account of Alice and returns its address.
func (s *show) register(ctx context.Context) (string, error) {
	version := fmt.Sprintf(`{"version":"ics27-1","controller_connection_id":%q,"host_connection_id":%q,"address":"","encoding":"proto3","tx_type":"sdk_multi_msg"}`,
		connection, connection)
	if _, err := s.a.tx(ctx, devnet.Alice, "interchain-accounts", "controller", "register", connection,
		"--ordering", "ORDER_ORDERED", "--version", version); err != nil {
		return "", err
	}
	var found struct {
		Address string `json:"address"`
	}
	err := s.a.await(ctx, "the interchain account", func() (bool, error) {
		err := s.a.query(ctx, &found, "interchain-accounts", "controller", "interchain-account", s.a.network.Address(devnet.Alice), connection)
		return err == nil && found.Address != "", err
	})
	return found.Address, err
}

// postThroughPacket makes the transaction that would post a job, takes its message, and sends it in a
// packet. It returns the job's id and the transaction of the first chain that brought the answer.
func (s *show) postThroughPacket(ctx context.Context, jobFile, out string) (job, tx string, err error) {
	if err := os.RemoveAll(out); err != nil {
		return "", "", err
	}
	// The account cannot sign, and so the transaction cannot be simulated: it is made offline.
	relay := []string{"--relay", s.b.network.Relay(), "--out", out}
	unsigned, err := s.b.run(ctx, append([]string{
		"compute", "run", jobFile, "--from", s.report.Account.Address,
		"--generate-only", "--offline", "--chain-id", idB, "--account-number", "0", "--sequence", "0",
		"--gas", "2000000", "--fees", params.TfuelCoin(1).String(),
	}, relay...)...)
	if err != nil {
		return "", "", err
	}
	// This uploads the job's files, and then finds that there is no job yet.
	if _, err := s.b.run(ctx, append([]string{"compute", "run", jobFile, "--resume"}, relay...)...); err == nil || !strings.Contains(err.Error(), "not on chain yet") {
		return "", "", errors.Join(errors.New("expected files without a job"), err)
	}
	var made struct {
		Body struct {
			Messages []json.RawMessage `json:"messages"`
		} `json:"body"`
	}
	if err := json.Unmarshal(unsigned, &made); err != nil || len(made.Body.Messages) != 1 {
		return "", "", errors.Join(err, fmt.Errorf("expected a transaction with one message, found %s", unsigned))
	}
	packet, err := s.a.run(ctx, "tx", "interchain-accounts", "host", "generate-packet-data", string(made.Body.Messages[0]))
	if err != nil {
		return "", "", err
	}
	file := filepath.Join(s.dir, "packet.json")
	if err := os.WriteFile(file, packet, 0o600); err != nil {
		return "", "", err
	}
	if _, err := s.a.tx(ctx, devnet.Alice, "interchain-accounts", "controller", "send-tx", connection, file); err != nil {
		return "", "", err
	}
	return s.acknowledged(ctx)
}

// acknowledged waits until the first chain has executed the acknowledgement of the account's packet,
// which its client of the second chain has verified, and returns the job that it names.
func (s *show) acknowledged(ctx context.Context) (job, tx string, err error) {
	port := "icacontroller-" + s.report.Account.Owner
	var found struct {
		Txs []executed `json:"txs"`
	}
	if err := s.a.await(ctx, "the acknowledgement", func() (bool, error) {
		err := s.a.query(ctx, &found, "txs", "--query", fmt.Sprintf("acknowledge_packet.packet_src_port='%s'", port))
		return err == nil && len(found.Txs) == 1, err
	}); err != nil {
		return "", "", err
	}
	for _, raw := range found.Txs[0].Tx.Body.Messages {
		var message struct {
			Acknowledgement []byte `json:"acknowledgement"`
			Packet          struct {
				SourcePort string `json:"source_port"`
			} `json:"packet"`
		}
		if err := json.Unmarshal(raw, &message); err != nil {
			return "", "", err
		}
		if message.Packet.SourcePort == port {
			job, err = jobOf(message.Acknowledgement)
			return job, found.Txs[0].Hash, err
		}
	}
	return "", "", fmt.Errorf("expected an acknowledgement of port %s in transaction %s", port, found.Txs[0].Hash)
}

// jobOf reads the job's id in an acknowledgement.
func jobOf(raw []byte) (string, error) {
	var ack struct {
		Result string `json:"result"`
		Error  string `json:"error"`
	}
	if err := json.Unmarshal(raw, &ack); err != nil {
		return "", err
	}
	if ack.Error != "" {
		return "", fmt.Errorf("the second chain has refused the job: %s", ack.Error)
	}
	result, err := base64.StdEncoding.DecodeString(ack.Result)
	if err != nil {
		return "", err
	}
	var data sdk.TxMsgData
	if err := proto.Unmarshal(result, &data); err != nil {
		return "", err
	}
	if len(data.MsgResponses) != 1 {
		return "", fmt.Errorf("expected one response in the acknowledgement, found %d", len(data.MsgResponses))
	}
	var posted computetypes.MsgPostJobResponse
	err = posted.Unmarshal(data.MsgResponses[0].Value)
	return posted.JobId, err
}
