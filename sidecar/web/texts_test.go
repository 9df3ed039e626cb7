package web

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARateIsNotShownMoreExactlyThanItIsKnown(t *testing.T) {
	for amount, text := range map[string]string{
		"9970674999999999999":    "9.970 tfuel",
		"-246254071000000000000": "−246.254 tfuel",
		"15300000000000000000":   "15.3 tfuel",
		"412345678000000":        "0.000412+ tfuel",
		"-412000000000000":       "−0.000412 tfuel",
		"":                       "",
	} {
		require.Equal(t, text, rateText(amount))
	}
}
