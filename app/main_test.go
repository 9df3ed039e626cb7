package app_test

import (
	"testing"

	"github.com/thetaedge/theta/testutil/collect"
)

func TestMain(m *testing.M) {
	collect.Seldom()
	m.Run()
}
