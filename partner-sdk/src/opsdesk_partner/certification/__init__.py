"""What an integration has to show before it gets keys for the real bank: named cases, run against a sandbox."""

from opsdesk_partner.certification.cases import CASES, Case
from opsdesk_partner.certification.integration import Integration, SdkIntegration, Shown
from opsdesk_partner.certification.running import Verdict, certify
from opsdesk_partner.certification.sandbox import Sandbox, SandboxClock

__all__ = ["CASES", "Case", "Integration", "Sandbox", "SandboxClock", "SdkIntegration", "Shown", "Verdict", "certify"]
