package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/tests/devnet"
)

// patience is the longest time that one step may take.
const patience = 4 * time.Minute

// chain is one of the two networks, as a user with thetad sees it.
type chain struct {
	network *devnet.Devnet
	thetad  string
}

// run runs thetad with the home of the chain, and returns what it prints.
func (c *chain) run(ctx context.Context, args ...string) ([]byte, error) {
	return output(ctx, c.thetad, append(args, "--home", c.network.Home())...)
}

// output runs a program to its end and returns its standard output.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", program, strings.Join(args, " "), err, problems.String(), out.String())
	}
	return out.Bytes(), nil
}

// query runs a query and reads its answer.
func (c *chain) query(ctx context.Context, answer any, args ...string) error {
	raw, err := c.run(ctx, append(append([]string{"query"}, args...), "--output", "json")...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("thetad query %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// executed is a transaction in a block.
type executed struct {
	Hash   string `json:"txhash"`
	Code   uint32 `json:"code"`
	RawLog string `json:"raw_log"`
	Tx     struct {
		Body struct {
			Messages []json.RawMessage `json:"messages"`
		} `json:"body"`
		AuthInfo struct {
			Fee struct {
				Amount sdk.Coins `json:"amount"`
			} `json:"fee"`
		} `json:"auth_info"`
	} `json:"tx"`
}

// fee is what the transaction has cost.
func (e executed) fee() math.Int { return e.Tx.AuthInfo.Fee.Amount.AmountOf(params.BaseDenom) }

// tx signs and sends a transaction, and waits until it has succeeded in a block.
func (c *chain) tx(ctx context.Context, from string, args ...string) (*executed, error) {
	raw, err := c.run(ctx, append(append([]string{"tx"}, args...), "--from", from, "--yes", "--output", "json",
		"--gas", "auto", "--gas-adjustment", "1.6")...)
	if err != nil {
		return nil, err
	}
	var sent executed
	if err := json.Unmarshal(raw, &sent); err != nil {
		return nil, fmt.Errorf("thetad tx %s: %w", strings.Join(args, " "), err)
	}
	if sent.Code != 0 {
		return nil, fmt.Errorf("thetad tx %s: refused: %s", strings.Join(args, " "), sent.RawLog)
	}
	var done executed
	err = c.await(ctx, "the transaction "+sent.Hash, func() (bool, error) {
		err := c.query(ctx, &done, "tx", sent.Hash)
		return err == nil, err
	})
	if err == nil && done.Code != 0 {
		err = fmt.Errorf("thetad tx %s: failed: %s", strings.Join(args, " "), done.RawLog)
	}
	return &done, err
}

// balance returns what an account holds of a denom.
func (c *chain) balance(ctx context.Context, address, denom string) (math.Int, error) {
	var answer struct {
		Balance sdk.Coin `json:"balance"`
	}
	if err := c.query(ctx, &answer, "bank", "balance", address, denom); err != nil {
		return math.Int{}, err
	}
	return answer.Balance.Amount, nil
}

// await waits until done returns true.
func (c *chain) await(ctx context.Context, what string, done func() (bool, error)) error {
	return c.network.Await(ctx, patience, what, done)
}

// expect returns an error if a figure differs from the expected one.
func expect(what string, expected, found fmt.Stringer) error {
	if expected.String() != found.String() {
		return fmt.Errorf("%s: expected %s, found %s", what, expected, found)
	}
	return nil
}
