package faucet

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
)

func TestFaucetPaysAnAddressUpToItsLimit(t *testing.T) {
	params.SetSDKDefaults()
	var paid []string
	broken := false
	f := New(func(_ context.Context, to sdk.AccAddress) (string, error) {
		if broken {
			return "", errors.New("no coins")
		}
		paid = append(paid, to.String())
		return "HASH", nil
	}, params.TfuelCoin(5), 2)
	ask := func(method, body string) (int, string) {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(method, "/", strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	one := sdk.AccAddress(make([]byte, 20)).String()

	broken = true
	code, body := ask(http.MethodPost, `{"address":"`+one+`"}`)
	require.Equal(t, http.StatusBadGateway, code)
	require.Contains(t, body, "no coins")
	broken = false

	for range 2 {
		code, body = ask(http.MethodPost, `{"address":"`+one+`"}`)
		require.Equal(t, http.StatusOK, code)
		require.JSONEq(t, `{"tx":"HASH","amount":"5000000000000000000atfuel"}`, body)
	}
	code, _ = ask(http.MethodPost, `{"address":"`+one+`"}`)
	require.Equal(t, http.StatusTooManyRequests, code)
	require.Equal(t, []string{one, one}, paid)

	for _, bad := range []string{"", "{}", `{"address":"cosmos1xxxx"}`, `{"address":"` + one + `","amount":"9"}`, strings.Repeat("x", 5000)} {
		code, _ = ask(http.MethodPost, bad)
		require.Equal(t, http.StatusBadRequest, code, bad)
	}
	code, _ = ask(http.MethodGet, "")
	require.Equal(t, http.StatusNotFound, code)
}
