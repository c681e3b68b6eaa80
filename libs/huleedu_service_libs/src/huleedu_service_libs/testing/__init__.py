"""What tests of services need: the harness, the idempotency suite, doubles with a turned clock."""

import pytest

pytest.register_assert_rewrite("huleedu_service_libs.testing.idempotency_suite")
