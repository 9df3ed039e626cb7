// Package faucet gives new users of a test network their first coins over HTTP.
package faucet

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	// maxRequestBytes is far more than an address needs.
	maxRequestBytes = 1 << 10
	// maxAddresses bounds the number of remembered addresses.
	maxAddresses = 100_000
)

// Payer sends the fixed amount to an account and returns the hash of the tx.
type Payer func(ctx context.Context, to sdk.AccAddress) (string, error)

// Faucet answers POST / with {"address": "theta1…"}.
type Faucet struct {
	pay    Payer
	amount sdk.Coin
	limit  int

	mu    sync.Mutex
	given map[string]int
}

// New returns a faucet that pays each address at most limit times. amount is only for
// display; pay determines the real amount.
func New(pay Payer, amount sdk.Coin, limit int) *Faucet {
	return &Faucet{pay: pay, amount: amount, limit: limit, given: make(map[string]int)}
}

type request struct {
	Address string `json:"address"`
}

type answer struct {
	Tx     string `json:"tx,omitempty"`
	Amount string `json:"amount,omitempty"`
	Error  string `json:"error,omitempty"`
}

// ServeHTTP pays one request after the other, because all payments use the sequence of one
// account.
func (f *Faucet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/" {
		reply(w, http.StatusNotFound, answer{Error: `expected POST / with {"address": "theta1…"}`})
		return
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	decoder.DisallowUnknownFields()
	var asked request
	if err := decoder.Decode(&asked); err != nil {
		reply(w, http.StatusBadRequest, answer{Error: fmt.Sprintf(`expected {"address": "theta1…"}: %s`, err)})
		return
	}
	to, err := sdk.AccAddressFromBech32(asked.Address)
	if err != nil {
		reply(w, http.StatusBadRequest, answer{Error: fmt.Sprintf("address: %s", err)})
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.given[asked.Address] >= f.limit || len(f.given) >= maxAddresses {
		reply(w, http.StatusTooManyRequests, answer{Error: fmt.Sprintf("an address gets at most %d payments", f.limit)})
		return
	}
	hash, err := f.pay(r.Context(), to)
	if err != nil {
		reply(w, http.StatusBadGateway, answer{Error: err.Error()})
		return
	}
	f.given[asked.Address]++
	reply(w, http.StatusOK, answer{Tx: hash, Amount: f.amount.String()})
}

func reply(w http.ResponseWriter, status int, body answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// If writing fails, the client is gone and cannot be told.
	_ = json.NewEncoder(w).Encode(body)
}
